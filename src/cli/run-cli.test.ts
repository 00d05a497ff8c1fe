/** What happens when Sightline itself fails: one error of the catalogue, no stack trace unless debugging was asked for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CliDeps } from './deps.ts'
import { runCli } from './run-cli.ts'

function brokenDeps(): CliDeps {
  const fail = () => {
    throw new Error('a broken invariant')
  }
  return {
    version: '1.2.3',
    clock: { nowUnixNs: () => 0n, nowMonoNs: () => 0 },
    inflater: { inflate: fail },
    reader: { readCapture: fail },
    writer: { writeCapture: fail },
    traces: { openTrace: fail },
    inputs: { listInputs: fail },
    threads: { cores: 1, openPool: fail },
    auditThreads: { cores: 1, openPool: fail },
    goGrammar: { runtime: 'nowhere', grammar: 'nowhere' },
    isAddress: () => false,
    startDemo: fail,
    demoCapture: 'nowhere',
  }
}

async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = ''
  let stderr = ''
  const code = await runCli(
    brokenDeps(),
    {
      argv,
      env: {},
      cwd: '/',
      stdout: {
        write(text, done) {
          stdout += text
          done?.()
          return true
        },
      },
      stderr: {
        write(text, done) {
          stderr += text
          done?.()
          return true
        },
      },
    },
    new AbortController().signal,
  )
  return { code, stdout, stderr }
}

test('an unexpected exception is SL_CLI_INTERNAL, exit 70, without a stack', async () => {
  const text = await run('diagnose', 'x')
  assert.equal(text.code, 70)
  assert.match(text.stderr, /^SL_CLI_INTERNAL: Sightline itself failed: a broken invariant\./)
  assert.doesNotMatch(text.stderr, /at .*\.ts:/)
  const json = await run('diagnose', 'x', '--json')
  assert.equal(json.code, 70)
  assert.equal(JSON.parse(json.stdout).error.code, 'SL_CLI_INTERNAL')
  assert.equal(JSON.parse(json.stdout).schema, 'sightline.diagnose/v1')
  assert.doesNotMatch(json.stdout, /\.ts:/)
})

test('--log-level debug shows the stack, on stderr', async () => {
  const { stdout, stderr } = await run('diagnose', 'x', '--json', '--log-level', 'debug')
  assert.match(stderr, /at .*\.ts:\d+/)
  assert.equal(JSON.parse(stdout).ok, false)
})

test('--json after `--` is an argument, not a flag', async () => {
  const { stdout, stderr } = await run('errors', 'explain', '--', '--json')
  assert.equal(stdout, '')
  assert.match(stderr, /There is no error code --json/)
})
