/** The ways to a Go that need one, or a network: go.test.ts has those that need nothing. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findGo, GO_VERSIONS, type GoTool, requireGo } from './go.ts'
import { runTool } from './run-tool.ts'

const scratch = mkdtempSync(join(tmpdir(), 'sightline-go-test-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

for (const version of GO_VERSIONS) {
  test(`the Go ${version} that is found builds and runs a program, offline`, async (t) => {
    const go = await requireGo(t, version)
    if (go === undefined) return
    assert.match(go.version, new RegExp(`^go${version.replace('.', '\\.')}(\\.|rc|$)`))
    assert.equal(await runHello(go), go.version)
  })
}

async function runHello(go: GoTool): Promise<string> {
  const folder = mkdtempSync(join(scratch, 'hello-'))
  writeFileSync(join(folder, 'go.mod'), 'module example.com/hello\n\ngo 1.26\n')
  writeFileSync(
    join(folder, 'main.go'),
    'package main\n\nimport "runtime"\nimport "fmt"\n\nfunc main() { fmt.Print(runtime.Version()) }\n',
  )
  const run = await runTool(go.goBin, ['run', '.'], { cwd: folder, env: go.env, timeoutMs: 120_000 })
  assert.equal(run.failure, undefined)
  return run.stdout.toString('utf8')
}

test('the variable SIGHTLINE_GO_1_27 comes before everything else', async (t) => {
  const real = await requireGo(t, '1.27')
  if (real === undefined) return
  const link = join(scratch, 'linked-go')
  symlinkSync(real.goBin, link)
  for (const name of ['SIGHTLINE_GO_1_27', 'SIGHTLINE_GO_1.27']) {
    const found = await findGo('1.27', { env: { ...process.env, [name]: link }, root: scratch })
    assert.ok(found.ok)
    assert.equal(found.value.from, 'environment')
    assert.equal(found.value.goBin, link)
  }
})

test('a go unpacked into .cache/go of the repo is used', async (t) => {
  const real = await requireGo(t, '1.27')
  if (real === undefined) return
  const root = join(scratch, 'repo')
  const bin = join(root, '.cache', 'go', '1.27', 'usr', 'lib', 'go-1.27', 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'go'), `#!/bin/sh\nexec '${real.goBin}' "$@"\n`)
  chmodSync(join(bin, 'go'), 0o755)
  const found = await findGo('1.27', { root, ways: ['cache'] })
  assert.ok(found.ok)
  assert.equal(found.value.from, 'cache')
  assert.equal(found.value.version, real.version)
})

test('a child gets no toolchain switch, no workspace and no GOROOT of the user', async (t) => {
  const real = await requireGo(t, '1.26')
  if (real === undefined) return
  const env = {
    ...process.env,
    GOROOT: '/elsewhere',
    GOWORK: '/elsewhere/go.work',
    GOFLAGS: '-tags=mine',
    GODEBUG: 'x=1',
  }
  const found = await findGo('1.26', { env: { ...env, SIGHTLINE_GO_1_26: real.goBin } })
  assert.ok(found.ok)
  assert.equal(found.value.env.GOROOT, undefined)
  assert.equal(found.value.env.GODEBUG, undefined)
  assert.equal(found.value.env.GOTOOLCHAIN, 'local')
  assert.equal(await runHello(found.value), real.version)
})

test('Debian gives a Go that builds a program', { timeout: 600_000 }, async (t) => {
  if (process.env.SIGHTLINE_NETWORK_TESTS !== '1') {
    t.skip('downloads 60 MB: set SIGHTLINE_NETWORK_TESTS=1 to run it')
    return
  }
  const found = await findGo('1.27', { root: scratch, ways: ['debian'] })
  assert.ok(found.ok, found.ok ? '' : found.error.tried.join())
  assert.equal(await runHello(found.value), found.value.version)
  const again = await findGo('1.27', { root: scratch, ways: ['cache'], env: { ...process.env, PATH: '' } })
  assert.ok(again.ok)
})
