import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { requireGo } from '../../../scripts/setup/go.ts'
import { collectGoFacts } from '../../collect/go-facts/go-facts.ts'
import { auditDirectory } from './audit.ts'
import type { AuditDeps } from './audit-input.ts'
import { auditSnippets } from './snippets.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'sightline-audit-tiers-'))
after(() => rmSync(folder, { recursive: true, force: true }))

async function openDeps(t: TestContext): Promise<AuditDeps | undefined> {
  const go = await requireGo(t, '1.26')
  if (go === undefined) return undefined
  const place = {
    source: join(root, 'assets', 'gofacts'),
    cache: join(folder, 'cache'),
    env: { ...go.env, SIGHTLINE_GO: go.goBin },
  }
  return {
    clock: { nowUnixNs: () => 0n, nowMonoNs: () => performance.now() * 1e6 },
    goGrammar: {
      runtime: join(root, 'node_modules/web-tree-sitter/web-tree-sitter.wasm'),
      grammar: join(root, 'assets/tree-sitter-go.wasm'),
    },
    auditThreads: { cores: 1, openPool: () => assert.fail('one thread is enough here') },
    typeGo: (input, hooks) => collectGoFacts(place, input, hooks),
  }
}

const generic = `package fetch

import (
	"context"
	"net/http"
)

func pick[T any](all map[string]T, name string) T { return all[name] }

func Fetch(ctx context.Context, clients map[string]*http.Client) {
	pick(clients, "a").Get("http://example.com")
}
`

function writeModule(name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(folder, name)
  mkdirSync(directory, { recursive: true })
  for (const [path, text] of Object.entries(files)) writeFileSync(join(directory, path), text)
  return directory
}

test('a type that syntax cannot tell is known to the toolchain, and the same rule finds it then', async (t) => {
  const deps = await openDeps(t)
  if (deps === undefined) return
  const directory = writeModule('generic', { 'go.mod': 'module example.com/fetch\n\ngo 1.22\n', 'fetch.go': generic })
  const found = async (tier?: 'a' | 'b') => {
    const report = await auditDirectory(deps, {
      root: directory,
      name: 'fetch',
      ...(tier === undefined ? {} : { tier }),
    })
    assert.ok(report.ok, report.ok ? '' : report.error.message)
    const { data, findings } = report.value
    return {
      tier: data.tier,
      typing: data.typing,
      rules: findings.map(({ rule, evidence }) => `${rule}:${evidence[0].line}`),
    }
  }
  const a = await found('a')
  assert.deepEqual([a.tier, a.typing], ['a', undefined])
  assert.ok(!a.rules.includes('request-without-context:11'))
  const b = await found()
  assert.equal(b.tier, 'b')
  assert.equal(b.typing?.files, 1)
  assert.ok(b.rules.includes('request-without-context:11'), b.rules.join())
})

test('where the toolchain fails the audit goes on by syntax and says why; asked for, it fails', async (t) => {
  const deps = await openDeps(t)
  if (deps === undefined) return
  const directory = writeModule('newer', { 'go.mod': 'module example.com/newer\n\ngo 1.99\n', 'fetch.go': generic })
  const report = await auditDirectory(deps, { root: directory, name: 'newer' })
  assert.ok(report.ok)
  assert.equal(report.value.data.tier, 'a')
  assert.ok(report.value.issues.some(({ code }) => code.startsWith('SL_COLLECT_GO_')))
  assert.equal(report.value.coverage.missing[0]?.what, 'types')
  const asked = await auditDirectory(deps, { root: directory, name: 'newer', tier: 'b' })
  assert.ok(!asked.ok)
})

test('of a document the program that does not compile is told on its line, by either tier', async (t) => {
  const deps = await openDeps(t)
  if (deps === undefined) return
  const file = join(folder, 'page.md')
  const program = 'package main\n\nimport (\n\t"fmt"\n\t"time"\n)\n\nfunc main() { fmt.Println(1) }\n'
  const other = 'package main\n\nfunc main() { undefinedThing() }\n'
  writeFileSync(
    file,
    `# Page\n\n${program}\nSteps follow.\n\n\`\`\`go\n${other}\`\`\`\n\n\`\`\`go\nx := := 1\n\`\`\`\n`,
  )
  for (const tier of ['a', 'b'] as const) {
    const report = await auditSnippets(deps, { root: file, name: 'page.md', tier })
    assert.ok(report.ok, report.ok ? '' : report.error.message)
    const { data, findings } = report.value
    assert.deepEqual([data.tier, data.blocks, data.programs, data.broken], [tier, 3, 2, 1])
    const lines = findings.map(({ rule, evidence }) => `${rule}:${evidence[0].line}`)
    assert.ok(lines.includes('snippet-not-compiling:7'), lines.join())
    assert.ok(lines.includes('snippet-broken:21'), lines.join())
    assert.equal(lines.includes('snippet-not-compiling:17'), tier === 'b', lines.join())
  }
})
