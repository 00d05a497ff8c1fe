import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findGo } from './go.ts'
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
