/**
 * docs/ci.md is run: the YAML of its examples is parsed and held to the keys that GitHub and GitLab know, and their
 * shell steps run under bash in a scratch repository, with `npx sightline` being this program.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parse } from 'yaml'
import { cleanEnv, launcher, root, runSightline } from './samples/run-sightline.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-ci-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const page = readFileSync(join(root, 'docs', 'ci.md'), 'utf8')
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text as string)
const pick = (mark: string) => parse(blocks.find((text) => text.includes(mark)) ?? '') as Workflow

type Step = { name?: string; uses?: string; run?: string; shell?: string; with?: object; if?: string }
type Workflow = {
  on?: object
  jobs: { gate: { steps: Step[] } & Record<string, unknown> }
  sightline: { script: string[]; artifacts: Record<string, unknown> } & Record<string, unknown>
}

const github = pick('# .github/workflows/')
const gitlab = pick('# .gitlab-ci.yml')

test('the GitHub example has only keys that a workflow, a job and a step may have', () => {
  const keysOf = (value: object, known: readonly string[]) =>
    assert.deepEqual(
      Object.keys(value).filter((key) => !known.includes(key)),
      [],
    )
  keysOf(github, ['name', 'on', 'permissions', 'env', 'concurrency', 'defaults', 'jobs', 'run-name'])
  assert.deepEqual(Object.keys(github.on ?? {}), ['pull_request', 'push'])
  const { gate } = github.jobs
  keysOf(gate, ['name', 'runs-on', 'timeout-minutes', 'steps', 'needs', 'if', 'permissions', 'env', 'strategy'])
  for (const step of gate.steps) {
    keysOf(step, ['name', 'id', 'uses', 'with', 'run', 'shell', 'if', 'env', 'working-directory', 'continue-on-error'])
    assert.equal(Number(step.uses !== undefined) + Number(step.run !== undefined), 1)
    if (step.uses !== undefined) assert.match(step.uses, /^[\w-]+\/[\w./-]+@v\d+$/)
  }
})

test('the GitLab example has only keys that a job and its artifacts may have', () => {
  const known = [
    'image',
    'stage',
    'script',
    'before_script',
    'artifacts',
    'rules',
    'needs',
    'variables',
    'allow_failure',
  ]
  assert.deepEqual(
    Object.keys(gitlab.sightline).filter((key) => !known.includes(key)),
    [],
  )
  assert.deepEqual(Object.keys(gitlab.sightline.artifacts), ['when', 'reports', 'paths'])
})

/** As the runner does: bash with -e and pipefail. */
function runStep(script: string, cwd: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const env = cleanEnv({
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      GITHUB_STEP_SUMMARY: join(cwd, 'summary.md'),
    })
    const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], { cwd, env })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

function makeRepo(name: string): string {
  const repo = join(folder, name)
  mkdirSync(repo)
  mkdirSync(join(folder, 'bin'), { recursive: true })
  const npx = join(folder, 'bin', 'npx')
  writeFileSync(
    npx,
    `#!/bin/sh\n[ "$1" = sightline ] || exit 127\nshift\nexec "${process.execPath}" "${launcher}" "$@"\n`,
  )
  chmodSync(npx, 0o755)
  writeFileSync(join(repo, 'go.mod'), 'module example.com/cart\n\ngo 1.26\n')
  writeFileSync(join(repo, 'main.go'), 'package main\n\nfunc main() {}\n')
  const set = ['-c', 'user.name=t', '-c', 'user.email=t@example.com']
  execFileSync('git', ['init', '-q'], { cwd: repo })
  execFileSync('git', ['add', '.'], { cwd: repo })
  execFileSync('git', [...set, 'commit', '-q', '-m', 'first'], { cwd: repo })
  return repo
}

const faulty = `package main

import (
	"context"
	"net/http"
)

func handle(w http.ResponseWriter, r *http.Request) {
	load(r.Context())
	load(context.Background())
}

func load(ctx context.Context) {
	req, _ := http.NewRequest("GET", "http://stock/", nil)
	http.DefaultClient.Do(req)
}

func main() { http.HandleFunc("/", handle) }
`

for (const [name, steps] of [
  ['github', github.jobs.gate.steps.flatMap(({ run }) => run ?? [])],
  ['gitlab', gitlab.sightline.script],
] as const) {
  test(`the steps of the ${name} example pass a clean repository and fail one with new debt`, async () => {
    const repo = makeRepo(name)
    const [audit = '', gate = ''] = steps
    assert.equal((await runStep(audit, repo)).code, 0)
    const begun = await runStep('npx sightline ledger add audit.json --at "$(git log -1 --format=%cI)"', repo)
    assert.equal(begun.code, 0, begun.output)
    const clean = await runStep(gate, repo)
    assert.equal(clean.code, 0, clean.output)
    writeFileSync(join(repo, 'main.go'), faulty)
    assert.equal((await runStep(audit, repo)).code, 0)
    const failed = await runStep(gate, repo)
    assert.equal(failed.code, 1, failed.output)
    assert.match(failed.output, /\d+ new/)
    assert.ok(existsSync(join(repo, 'sightline.xml')))
    if (name === 'github') {
      assert.match(readFileSync(join(repo, 'summary.md'), 'utf8'), /### Sightline gate: fail/)
      const [first] = JSON.parse(readFileSync(join(repo, 'sightline.sarif'), 'utf8')).runs[0].results
      assert.equal(first.locations[0].physicalLocation.artifactLocation.uri, 'main.go')
      assert.equal(first.baselineState, 'new')
    }
  })
}

test('the policy of the page is one that the gate takes', async () => {
  const policy = blocks.find((text) => text.startsWith('budgets:')) ?? ''
  writeFileSync(join(folder, 'policy.yaml'), policy.replace('.sightline/ledger.json', 'empty.json'))
  writeFileSync(join(folder, 'empty.json'), '{"schema":"sightline.ledger-file/v1","lines":[\nnull]}\n')
  const ran = await runSightline(['gate', 'empty.json', '--policy', 'policy.yaml', '--json'], { cwd: folder })
  assert.equal(ran.code, 2, ran.stdout)
  const checks = (JSON.parse(ran.stdout).data.checks as { check: string }[]).map(({ check }) => check)
  assert.deepEqual(checks, ['high=0', 'class:no-extract=0', 'service:cart:high=1', 'baseline', 'waivers'])
})
