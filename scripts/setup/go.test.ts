import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, test } from 'node:test'
import { findGo, GO_VERSIONS, type GoTool, requireGo } from './go.ts'
import { chooseMirror } from './go-debian.ts'
import { runTool } from './run-tool.ts'

const scratch = mkdtempSync(join(tmpdir(), 'sightline-go-test-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

/** A command named go that does what the lines say. */
function writeGo(folder: string, lines: string): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'go')
  writeFileSync(path, `#!/bin/sh\n${lines}\n`)
  chmodSync(path, 0o755)
  return path
}

const nowhere = { PATH: join(scratch, 'empty'), HOME: scratch }

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
  writeGo(join(root, '.cache', 'go', '1.27', 'usr', 'lib', 'go-1.27', 'bin'), `exec '${real.goBin}' "$@"`)
  const found = await findGo('1.27', { root, ways: ['cache'] })
  assert.ok(found.ok)
  assert.equal(found.value.from, 'cache')
  assert.equal(found.value.version, real.version)
})

test('a go of another version is refused by what it says of itself, not by its path', async () => {
  const path = writeGo(join(scratch, 'go1.27', 'bin'), 'printf "go1.9.7\\n/usr/lib/go\\n"')
  const found = await findGo('1.27', { env: { ...nowhere, SIGHTLINE_GO_1_27: path }, ways: ['environment'] })
  assert.ok(!found.ok)
  assert.match(found.error.tried.join(), /go1\.9\.7/)
})

test('go1.270 is not Go 1.27, and a release candidate of 1.27 is', async () => {
  for (const [said, accepted] of [
    ['go1.270', false],
    ['go1.27rc1', true],
    ['go1.27.3-X:nodwarf5', true],
    ['devel go1.27-abcdef', false],
  ] as const) {
    const path = writeGo(join(scratch, 'says', said.replaceAll(/\W/g, '_')), `printf "${said}\\n/usr/lib/go\\n"`)
    const found = await findGo('1.27', { env: { ...nowhere, SIGHTLINE_GO_1_27: path }, ways: ['environment'] })
    assert.equal(found.ok, accepted, said)
  }
})

test('a go that hangs is given up, and said so', async () => {
  const path = writeGo(join(scratch, 'hangs'), 'exec sleep 30')
  const env = { ...process.env, SIGHTLINE_GO_1_27: path }
  const start = Date.now()
  const found = await findGo('1.27', { env, ways: ['environment'], timeoutMs: 300 })
  assert.ok(!found.ok)
  assert.match(found.error.tried.join(), /did not end within 0\.3 s/)
  assert.ok(Date.now() - start < 5000)
})

test('without any Go the answer names every way that was tried', async () => {
  const found = await findGo('1.27', {
    env: nowhere,
    root: scratch,
    ways: ['environment', 'cache', 'path', 'toolchain'],
  })
  assert.ok(!found.ok)
  assert.deepEqual(
    found.error.tried.map((line) => line.split(':')[0]),
    ['environment', 'cache', 'path', 'toolchain'],
  )
  assert.match(found.error.hint, /SIGHTLINE_GO_1_27/)
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

test('a test that needs a missing Go is skipped with the reason, and fails where CI=true', async () => {
  const file = join(scratch, 'needs-go.mjs')
  const module = JSON.stringify(join(import.meta.dirname, 'go.ts'))
  writeFileSync(
    file,
    `import { test } from 'node:test'
import { requireGo } from ${module}
test('needs Go', async (t) => { await requireGo(t, '1.27', { ways: ['environment', 'path'] }) })\n`,
  )
  const env = { PATH: nowhere.PATH, HOME: scratch }
  const at = (more: NodeJS.ProcessEnv) =>
    runTool(process.execPath, ['--test-reporter=tap', file], { env: { ...env, ...more } })
  const skipped = await at({})
  assert.equal(skipped.code, 0)
  assert.match(skipped.stdout.toString('utf8'), /# SKIP no Go 1\.27 found/)
  const failed = await at({ CI: 'true' })
  assert.equal(failed.code, 1)
  assert.match(failed.stdout.toString('utf8'), /no Go 1\.27 found/)
})

test('the Debian mirror is the one apt uses, never the security archive', () => {
  const lines = [
    'http://mirror.example/debian-security/|bookworm-security|/usr/share/keyrings/a.gpg',
    'https://mirror.example/pkg/|stable|',
    'http://mirror.example/debian/|bookworm-updates|/usr/share/keyrings/b.gpg',
  ]
  assert.deepEqual(chooseMirror(lines.join('\n')), {
    uri: 'http://mirror.example/debian/',
    signedBy: '/usr/share/keyrings/b.gpg',
  })
  assert.equal(chooseMirror('http://mirror.example/ubuntu/|noble|\n'), undefined)
  assert.equal(chooseMirror(''), undefined)
  assert.deepEqual(chooseMirror('https://mirror.example/debian|sid|'), {
    uri: 'https://mirror.example/debian',
    signedBy: undefined,
  })
})

test('Debian gives a Go that builds a program', { timeout: 600_000 }, async (t) => {
  if (process.env.SIGHTLINE_NETWORK_TESTS !== '1') {
    t.skip('downloads 60 MB: set SIGHTLINE_NETWORK_TESTS=1 to run it')
    return
  }
  const found = await findGo('1.27', { root: scratch, ways: ['debian'] })
  assert.ok(found.ok, found.ok ? '' : found.error.tried.join())
  assert.equal(await runHello(found.value), found.value.version)
  const again = await findGo('1.27', { root: scratch, ways: ['cache'], env: { ...process.env, PATH: `${delimiter}` } })
  assert.ok(again.ok)
})
