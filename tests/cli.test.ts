/** The command line as a user or a script meets it: the real program, its streams and its exit codes. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cleanEnv, launcher, root, runSightline } from './samples/run-sightline.ts'

const shop = join(root, 'testdata', 'captures', 'shop')
const folder = mkdtempSync(join(tmpdir(), 'sightline-cli-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const keys = ['schema', 'ok', 'data', 'findings', 'issues', 'coverage', 'error']

type Envelope = {
  readonly schema: string
  readonly ok: boolean
  readonly data: { readonly [key: string]: unknown }
  readonly findings: readonly { readonly severity: string }[]
  readonly error: { readonly code: string; readonly hint: string } | null
}

/** The one document on stdout; fails when there is anything beside it. */
function readEnvelope(stdout: string): Envelope {
  const envelope = JSON.parse(stdout) as Envelope
  assert.deepEqual(Object.keys(envelope), keys)
  assert.equal(envelope.ok, envelope.error === null)
  return envelope
}

test('--json prints exactly one envelope, whatever happens, and the exit code is the error’s own', async () => {
  const empty = join(folder, 'empty.txt')
  writeFileSync(empty, '')
  const noise = join(folder, 'noise.bin')
  writeFileSync(
    noise,
    Uint8Array.from({ length: 4096 }, (_, index) => (index * 7919) % 251),
  )
  const cases: readonly (readonly [readonly string[], number, string | undefined])[] = [
    [['diagnose', shop, '--json'], 0, undefined],
    [['--json', 'diagnose', shop], 0, undefined],
    [['lenses', '--json'], 0, undefined],
    [['errors', 'list', '--json'], 0, undefined],
    [['errors', 'explain', 'sl_cli_usage', '--json'], 0, undefined],
    [['rules', 'list', '--json'], 0, undefined],
    [['diff', shop, shop, '--json'], 0, undefined],
    [['capture', '--plan', 'localhost:6060', '--json'], 0, undefined],
    [['--json'], 64, 'SL_CLI_USAGE'],
    [['diagnos', shop, '--json'], 64, 'SL_CLI_USAGE'],
    [['diagnose', '--json'], 64, 'SL_CLI_USAGE'],
    [['diagnose', shop, '--without', 'blok', '--json'], 64, 'SL_CLI_USAGE'],
    [['diagnose', shop, '--fail-on', 'bad', '--json'], 64, 'SL_CLI_USAGE'],
    [['diagnose', shop, '--quick', '--deep', '--json'], 64, 'SL_CLI_USAGE'],
    [['errors', 'explain', 'SL_NO_SUCH', '--json'], 64, 'SL_CLI_USAGE'],
    [['rules', 'explain', 'no-such-rule', '--json'], 64, 'SL_CLI_USAGE'],
    [['diagnose', join(folder, 'nothing.txt'), '--json'], 66, 'SL_COLLECT_NO_INPUT'],
    [['diagnose', empty, '--json'], 65, 'SL_DECODE_EMPTY'],
    [['diagnose', noise, '--json'], 65, 'SL_DECODE_BINARY_NOISE'],
    [['diagnose', 'http://127.0.0.1:1', '--json'], 69, 'SL_COLLECT_REFUSED'],
    [['diagnose', shop, '--html', join(empty, 'r.html'), '--json'], 73, 'SL_CLI_CANNOT_WRITE'],
    [['diagnose', 'http://127.0.0.1:1', '--ca', join(folder, 'no.pem'), '--json'], 78, 'SL_CLI_BAD_CONFIG'],
    [['diagnose', 'http://127.0.0.1:1', '--key', '/dev/zero', '--json'], 78, 'SL_CLI_BAD_CONFIG'],
    [['diagnose', 'http://127.0.0.1:1', '--bearer', '@/dev/zero', '--json'], 64, 'SL_CLI_USAGE'],
  ]
  for (const [args, code, error] of cases) {
    const ran = await runSightline(args)
    const envelope = readEnvelope(ran.stdout)
    assert.equal(envelope.error?.code, error, args.join(' '))
    assert.equal(ran.code, code, args.join(' '))
    if (error !== undefined) assert.notEqual(envelope.error?.hint, '')
  }
})

test('a usage error is one code, what is wrong, and the nearest right word, on stderr', async () => {
  const command = await runSightline(['diagnos', shop])
  assert.equal(command.code, 64)
  assert.equal(command.stdout, '')
  assert.match(command.stderr, /^SL_CLI_USAGE: unknown command 'diagnos' \(Did you mean diagnose\?\)/)
  const flag = await runSightline(['diagnose', shop, '--jsn'])
  assert.match(flag.stderr, /Did you mean --json\?/)
  const code = await runSightline(['errors', 'explain', 'SL_CLI_USAG'])
  assert.match(code.stderr, /Did you mean SL_CLI_USAGE\?/)
})

test('what may be a secret is not repeated in an error', async () => {
  const ran = await runSightline(['capture', 'localhost:1', '--header', 'Authorization Bearer s3cr3t'])
  assert.equal(ran.code, 64)
  assert.doesNotMatch(ran.stdout + ran.stderr, /s3cr3t/)
  const userinfo = await runSightline(['diagnose', 'http://ann:s3cr3t@127.0.0.1:1/?token=s3cr3t', '--json'])
  assert.doesNotMatch(userinfo.stdout + userinfo.stderr, /s3cr3t/)
})

test('an environment variable sets a flag, the flag wins, and a bad value is a configuration error', async () => {
  const set = await runSightline(['diagnose', shop, '--json'], { env: { SIGHTLINE_SERVICE: 'from-env' } })
  assert.match(set.stdout, /"service": "from-env"/)
  const flag = await runSightline(['diagnose', shop, '--json', '--service', 'from-flag'], {
    env: { SIGHTLINE_SERVICE: 'from-env' },
  })
  assert.match(flag.stdout, /"service": "from-flag"/)
  const bad = await runSightline(['diagnose', shop], { env: { SIGHTLINE_FAIL_ON: 'terrible' } })
  assert.equal(bad.code, 78)
  assert.match(bad.stderr, /^SL_CLI_BAD_CONFIG/)
})

test('--fail-on turns a finding that severe into exit 1, and a worse threshold does not', async () => {
  const plain = await runSightline(['diagnose', shop, '--json'])
  const { findings } = readEnvelope(plain.stdout)
  assert.ok(findings.some(({ severity }) => severity === 'high'))
  assert.ok(!findings.some(({ severity }) => severity === 'critical'))
  assert.equal((await runSightline(['diagnose', shop, '--fail-on', 'high', '--quiet'])).code, 1)
  assert.equal((await runSightline(['diagnose', shop, '--fail-on', 'critical', '--quiet'])).code, 0)
})

test('one dump alone is inconclusive: exit 2, also under --fail-on', async () => {
  const ran = await runSightline(['diagnose', join(shop, 'goroutine.0.txt'), '--fail-on', 'info'])
  assert.equal(ran.code, 2)
  assert.match(ran.stdout, /INCONCLUSIVE/)
})

test('the same capture gives the same bytes', async () => {
  const first = await runSightline(['diagnose', shop, '--json'])
  const second = await runSightline(['diagnose', shop, '--json'], { cwd: folder })
  assert.equal(first.stdout, second.stdout)
})

test('files together are one capture, captures are targets, and stdin is a file', async () => {
  const dumps = ['0', '1', '2'].map((number) => join(shop, `goroutine.${number}.txt`))
  const one = readEnvelope((await runSightline(['diagnose', ...dumps, '--json'])).stdout)
  assert.equal((one.data.window as { dumps: number }).dumps, 3)
  const two = readEnvelope((await runSightline(['diagnose', shop, shop, '--json'])).stdout)
  assert.equal((two.data.targets as unknown[]).length, 2)
  const piped = await runSightline(['diagnose', '-', '--json'], { stdin: readFileSync(join(shop, 'goroutine.1.txt')) })
  assert.equal((readEnvelope(piped.stdout).data.window as { dumps: number }).dumps, 1)
})

test('one of several targets that fails is exit 3, unless --max-failures tolerates it', async () => {
  const strict = await runSightline(['diagnose', shop, 'http://127.0.0.1:1', '--json'])
  assert.equal(strict.code, 3)
  assert.equal(readEnvelope(strict.stdout).error?.code, 'SL_OPS_TARGETS_FAILED')
  const lax = await runSightline(['diagnose', shop, 'http://127.0.0.1:1', '--max-failures', '1', '--json'])
  assert.equal(lax.code, 0)
  const envelope = readEnvelope(lax.stdout)
  assert.equal(envelope.ok, true)
  assert.equal((envelope as unknown as { coverage: { missing: unknown[] } }).coverage.missing.length, 1)
})

test('of several targets each is told its own findings', async () => {
  const quiet = join(folder, 'quiet.txt')
  writeFileSync(quiet, 'goroutine 1 [select]:\nmain.main()\n\t/src/main.go:3 +0x1\n')
  const ran = await runSightline(['diagnose', shop, quiet])
  const [first = '', second = ''] = ran.stdout.split(/^─+$/m)
  assert.match(first, /leaked goroutines in/)
  assert.doesNotMatch(second, /leaked goroutines in/)
  assert.match(second, /INCONCLUSIVE/)
  assert.equal(ran.code, 2)
})

test('no colour off a terminal, colour where FORCE_COLOR asks, never with NO_COLOR or --no-color', async () => {
  const escapeStart = '\u001b['
  const hasColor = async (args: readonly string[], env: Record<string, string>) =>
    (await runSightline(['diagnose', shop, ...args], { env })).stdout.includes(escapeStart)
  assert.equal(await hasColor([], {}), false)
  assert.equal(await hasColor([], { FORCE_COLOR: '1' }), true)
  assert.equal(await hasColor([], { FORCE_COLOR: '1', NO_COLOR: '1' }), false)
  assert.equal(await hasColor(['--no-color'], { FORCE_COLOR: '1' }), false)
})

test('COLUMNS sets the width, and no line is longer', async () => {
  const ran = await runSightline(['diagnose', shop], { env: { COLUMNS: '70' } })
  assert.ok(ran.stdout.split('\n').every((line) => [...line].length <= 70))
})

test('--quiet prints nothing for people, and --progress says the steps on stderr only', async () => {
  const quiet = await runSightline(['diagnose', shop, '--quiet'])
  assert.deepEqual([quiet.stdout, quiet.stderr, quiet.code], ['', '', 0])
  const chatty = await runSightline(['diagnose', shop, '--json', '--progress'])
  readEnvelope(chatty.stdout)
  assert.match(chatty.stderr, /judging/)
})

test('--html writes a whole page and leaves no half-written file; --markdown prints Markdown', async () => {
  const ran = await runSightline(['diagnose', shop, '--html', 'out/report.html'], { cwd: folder })
  assert.equal(ran.code, 0)
  assert.deepEqual(readdirSync(join(folder, 'out')), ['report.html'])
  const page = readFileSync(join(folder, 'out', 'report.html'), 'utf8')
  assert.match(page, /^<!doctype html>/)
  assert.match(page, /<\/html>\n$/)
  const markdown = await runSightline(['diagnose', shop, '--markdown'])
  assert.match(markdown.stdout, /^### shop/)
})

test('the demo prints the verdict and says where its report is', async () => {
  const ran = await runSightline(['demo', '--once'], { cwd: folder })
  assert.equal(ran.code, 0)
  assert.match(ran.stdout, /BLIND|PARTIAL/)
  assert.match(ran.stderr, /sightline-report\.html/)
  assert.ok(readdirSync(folder).includes('sightline-report.html'))
})

test('an empty argument is a usage error, never the working directory', async () => {
  for (const args of [
    ['diagnose', ''],
    ['diagnose', shop, ''],
    ['diff', shop, ''],
  ]) {
    const ran = await runSightline([...args, '--json'])
    assert.equal(ran.code, 64)
    assert.equal(JSON.parse(ran.stdout).error.code, 'SL_CLI_USAGE')
  }
})

test('output that cannot be written is 74, not a success', { skip: !existsSync('/dev/full') }, async () => {
  const child = spawn('sh', ['-c', `"${process.execPath}" "${launcher}" lenses --json > /dev/full`], {
    env: cleanEnv(),
  })
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 74)
})

test('a reader that goes away ends the output quietly', async () => {
  const command = `"${process.execPath}" "${launcher}" diagnose "${shop}" --json | head -c 10`
  const child = spawn('bash', ['-o', 'pipefail', '-c', command], { env: cleanEnv(), stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  assert.equal(stdout, '{\n  "schem')
  assert.equal(stderr, '')
  assert.equal(code, 0)
})

test('a large report reaches a slow reader whole', async () => {
  const command = `"${process.execPath}" "${launcher}" diagnose "${shop}" --json | (sleep 0.5; cat)`
  const child = spawn('bash', ['-c', command], { env: cleanEnv(), stdio: ['ignore', 'pipe', 'ignore'] })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  await new Promise((resolve) => child.on('close', resolve))
  assert.equal(stdout, (await runSightline(['diagnose', shop, '--json'])).stdout)
})

test('Ctrl-C ends a hanging capture gracefully; the program ends within seconds', async () => {
  const sockets: { destroy(): void }[] = []
  const server = createServer((socket) => sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const child = spawn(process.execPath, [launcher, 'diagnose', `http://127.0.0.1:${port}`, '--json'], {
    env: cleanEnv(),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  const closed = new Promise((resolve) => child.on('close', resolve))
  while (sockets.length === 0) await new Promise((wake) => setTimeout(wake, 20))
  const begunMs = performance.now()
  child.kill('SIGINT')
  await closed
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
  assert.ok(performance.now() - begunMs < 4_000)
  assert.equal(readEnvelope(stdout).error?.code, 'SL_COLLECT_INTERRUPTED')
})

test('audit snippets refuses what only audit of a directory does, and says so of a document without Go', async () => {
  const page = join(root, 'docs', 'ci.md')
  const fixed = await runSightline(['audit', 'snippets', page, '--fix', '--json'])
  assert.deepEqual([fixed.code, JSON.parse(fixed.stdout).error.code], [64, 'SL_CLI_USAGE'])
  assert.match(fixed.stdout, /--fix is of audit DIR/)
  const set = await runSightline(['audit', 'snippets', page, '--json'], { env: { SIGHTLINE_RULE: 'lost-cancel' } })
  const { error } = JSON.parse(set.stdout)
  assert.deepEqual([set.code, error.code], [65, 'SL_OPS_NO_GO'])
  assert.match(error.hint, /blocks of Go/)
})

test('errors that nobody reads any more leave the exit code as it is', async () => {
  const command = `"${process.execPath}" "${launcher}" gate nothing-there.json 2>&1 | head -c 1; exit "${'$'}{PIPESTATUS[0]}"`
  const child = spawn('bash', ['-c', command], { env: cleanEnv(), stdio: 'ignore' })
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 66)
})

test('the launcher works through a link and from any folder', async () => {
  const link = join(folder, 'sightline-link')
  symlinkSync(launcher, link)
  const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
  const ran = await runSightline(['--version'], { launcher: link, cwd: folder })
  assert.deepEqual([ran.stdout, ran.stderr, ran.code], [`${version}\n`, '', 0])
})

test('help is on stdout, lists only commands that exist, and without a command it is a usage error', async () => {
  const help = await runSightline(['--help'])
  assert.equal(help.code, 0)
  for (const name of ['demo', 'capture', 'diagnose', 'diff', 'lenses', 'errors', 'rules']) {
    assert.match(help.stdout, new RegExp(`^  ${name}\\b`, 'm'))
    assert.equal((await runSightline([name, '--help'])).code, 0)
  }
  assert.doesNotMatch(help.stdout, /^ {2}(up|completion)\b/m)
  const bare = await runSightline([])
  assert.deepEqual([bare.stdout, bare.code], ['', 64])
})
