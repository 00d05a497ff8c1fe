/** The launcher under an old Node: hands over to the bundled one, else says in one line what is missing. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { launcher, root, runSightline } from './samples/run-sightline.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-launcher-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A Node older than 24 on this machine. */
function findOldNode(t: TestContext): string | undefined {
  const places = [...(process.env.PATH ?? '').split(':'), '/usr/bin'].map((place) => join(place, 'node'))
  for (const node of places) {
    try {
      const version = execFileSync(node, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      if (Number(version.slice(1).split('.')[0]) < 24) return node
    } catch {
      // Not there, or not to be run: the next one.
    }
  }
  t.skip('no Node older than 24 on this machine')
  return undefined
}

test('an old Node hands over to the bundled one: output, exit code and stdin pass through', async (t) => {
  const node = findOldNode(t)
  if (node === undefined) return
  const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
  assert.deepEqual(await runSightline(['--version'], { node }), {
    code: 0,
    signal: null,
    stdout: `${version}\n`,
    stderr: '',
  })
  const usage = await runSightline(['no-such-command'], { node })
  assert.equal(usage.code, 64)
  const piped = await runSightline(['diagnose', '-', '--json'], {
    node,
    stdin: 'goroutine 1 [chan receive]:\nmain.main()\n\t/a/main.go:3 +0x1\n',
  })
  assert.equal(JSON.parse(piped.stdout).data.goroutines.count, 1)
})

test('an old Node with nothing bundled is one clear line and exit 69', async (t) => {
  const node = findOldNode(t)
  if (node === undefined) return
  mkdirSync(join(folder, 'bin'))
  copyFileSync(launcher, join(folder, 'bin', 'sightline.mjs'))
  const ran = await runSightline(['diagnose'], { node, launcher: join(folder, 'bin', 'sightline.mjs') })
  assert.equal(ran.code, 69)
  assert.equal(ran.stdout, '')
  assert.match(ran.stderr, /^SL_CLI_NODE_TOO_OLD: .*24 or newer.*npm ci[^\n]*\n$/)
})
