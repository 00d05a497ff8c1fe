/** Configuration files as a user meets them: which file wins, what may stand in one, and what a wrong one is told. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { root, runSightline } from './samples/run-sightline.ts'

const shop = join(root, 'testdata', 'captures', 'shop')
const folder = mkdtempSync(join(tmpdir(), 'sightline-config-'))
after(() => rmSync(folder, { recursive: true, force: true }))

let made = 0
/** A folder of its own with ./sightline.yaml, c.yaml and the user's configuration folder, as far as given. */
function makePlace(files: { readonly project?: string; readonly asked?: string; readonly user?: string }) {
  made += 1
  const cwd = join(folder, String(made))
  const home = join(cwd, 'home')
  mkdirSync(join(home, 'sightline'), { recursive: true })
  if (files.project !== undefined) writeFileSync(join(cwd, 'sightline.yaml'), files.project)
  if (files.asked !== undefined) writeFileSync(join(cwd, 'c.yaml'), files.asked)
  if (files.user !== undefined) writeFileSync(join(home, 'sightline', 'config.yaml'), files.user)
  return { cwd, env: { XDG_CONFIG_HOME: home } }
}

type Place = ReturnType<typeof makePlace>

async function serviceOf(place: Place, args: readonly string[] = [], env: Record<string, string> = {}) {
  const ran = await runSightline(['diagnose', shop, '--json', ...args], {
    cwd: place.cwd,
    env: { ...place.env, ...env },
  })
  const envelope = JSON.parse(ran.stdout) as {
    data: { target?: { service: string } }
    error: { message: string } | null
  }
  assert.equal(envelope.error, null, ran.stdout)
  return envelope.data.target?.service
}

async function failureOf(place: Place, args: readonly string[] = []) {
  const ran = await runSightline(['diagnose', shop, '--json', ...args], place)
  assert.equal(ran.code, 78)
  const { error } = JSON.parse(ran.stdout) as { error: { code: string; message: string; hint: string } }
  assert.equal(error.code, 'SL_CLI_BAD_CONFIG')
  return `${error.message} ${error.hint}`
}

test('a flag beats the environment, which beats ./sightline.yaml, which beats the user’s file', async () => {
  const all = { project: 'service: project\n', user: 'service: user\n' }
  const place = makePlace(all)
  const env = { SIGHTLINE_SERVICE: 'environment' }
  assert.equal(await serviceOf(place, ['--service', 'flag'], env), 'flag')
  assert.equal(await serviceOf(place, [], env), 'environment')
  assert.equal(await serviceOf(place), 'project')
  assert.equal(await serviceOf(makePlace({ user: all.user })), 'user')
  assert.equal(await serviceOf(makePlace({})), 'shop')
})

test('-c FILE takes the place of ./sightline.yaml and leaves the user’s file below it', async () => {
  const files = { project: 'service: project\n', asked: 'quiet: false\n', user: 'service: user\n' }
  assert.equal(await serviceOf(makePlace({ ...files, asked: 'service: asked\n' }), ['-c', 'c.yaml']), 'asked')
  assert.equal(await serviceOf(makePlace(files), ['-c', 'c.yaml']), 'user')
  const byEnvironment = await serviceOf(makePlace({ asked: 'service: asked\n' }), [], { SIGHTLINE_CONFIG: 'c.yaml' })
  assert.equal(byEnvironment, 'asked')
})

test('a command’s own section beats the top level of its file, and the nearer file beats both of the farther', async () => {
  assert.equal(await serviceOf(makePlace({ project: 'diagnose: {service: own}\nservice: all\n' })), 'own')
  assert.equal(await serviceOf(makePlace({ project: 'capture: {service: other}\nservice: all\n' })), 'all')
  assert.equal(await serviceOf(makePlace({ project: 'service: near\n', user: 'diagnose: {service: far}\n' })), 'near')
})

test('switches, lists, numbers and the common flags can be set, and a flag undoes its rival of the file', async () => {
  const place = makePlace({
    project:
      'json: true\ncapture:\n  quick: true\n  traceSeconds: 0\n  header: ["X-A: 1", "X-B: 2"]\n  without: [mutex, block]\n',
  })
  const plan = await runSightline(['capture', 'localhost:1', '--plan'], place)
  assert.equal(plan.code, 0)
  const quick = JSON.parse(plan.stdout) as {
    data: { plan: { mode: string; skipped: { what: string; why: string }[] } }
  }
  assert.equal(quick.data.plan.mode, 'quick')
  const left = quick.data.plan.skipped.filter(({ why }) => /--without/.test(why)).map(({ what }) => what)
  assert.deepEqual(left, ['mutex', 'block'])
  const deep = await runSightline(['capture', 'localhost:1', '--plan', '--deep'], place)
  assert.equal(JSON.parse(deep.stdout).data.plan.mode, 'deep')
  const failing = makePlace({ project: 'failOn: high\n' })
  assert.equal((await runSightline(['diagnose', shop, '--quiet'], failing)).code, 1)
})

test('an unknown setting is told with file, line, column and the nearest right one', async () => {
  assert.match(
    await failureOf(makePlace({ project: 'json: true\nfailon: high\n' })),
    /sightline\.yaml:2:1: .*failon Did you mean failOn\?/,
  )
  assert.match(await failureOf(makePlace({ project: 'fail-on: high\n' })), /Did you mean failOn\?/)
  assert.match(await failureOf(makePlace({ project: 'diagnos:\n  service: x\n' })), /1:1: .*Did you mean diagnose\?/)
  assert.match(
    await failureOf(makePlace({ project: 'diagnose:\n  live: true\n' })),
    /2:3: diagnose has no setting live/,
  )
  assert.match(await failureOf(makePlace({ project: 'html: /tmp/x\n' })), /html is no setting for a file.*--html/)
  assert.match(await failureOf(makePlace({ user: 'nonsense: 1\n' })), /home\/sightline\/config\.yaml:1:1/)
})

test('a value that cannot be used is told with its place and what is expected', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['failOn: terrible\n', /1:1: failOn: 'terrible' cannot be used\. Give one of: critical/],
    ['diagnose:\n  window: [1s, 2s]\n', /2:3: window: Give one value/],
    ['quick: 7\n', /quick: Give true or false/],
    ['service: true\n', /service: Give a value/],
    ['service:\n', /service needs a text/],
    ['quick: true\ndeep: true\n', /exclude each other/],
    ['diagnose: 7\n', /diagnose is a command/],
    ['service: {a: b}\n', /service needs a text/],
    ['- a\n- b\n', /1:1: settings are written as/],
    ['service: "x\n', /sightline\.yaml:\d+:\d+: not YAML/],
    ['service: a\nservice: b\n', /2:1: not YAML: Map keys must be unique/],
    ['? [a]\n: b\n', /a setting has a name that is a word/],
  ]
  for (const [project, expected] of cases) assert.match(await failureOf(makePlace({ project })), expected)
})

test('a configuration’s secrets are not repeated, and a file it names stands beside it', async () => {
  for (const project of [
    'header: s3cr3t\n',
    'bearer: [s3cr3t]\n',
    'bearer: "s3cr3t" s3cr3t\n',
    'user: {s3cr3t: s3cr3t}\n',
  ]) {
    assert.doesNotMatch(await failureOf(makePlace({ project })), /s3cr3t/)
  }
  const place = makePlace({ user: 'bearer: "@token"\nca: ca.pem\n' })
  assert.match(await failureOf(place), /cannot read .*home\/sightline\/token/i)
  writeFileSync(join(place.env.XDG_CONFIG_HOME, 'sightline', 'token'), 'abc\n')
  assert.match(await failureOf(place), /cannot read .*home\/sightline\/ca\.pem/)
})

test('a file that was asked for must be there; ./sightline.yaml and the user’s need not, and may be empty', async () => {
  assert.match(
    await failureOf(makePlace({ project: 'service: x\n' }), ['-c', 'c.yaml']),
    /c\.yaml: there is no such file/,
  )
  assert.match(await failureOf(makePlace({}), ['-c', '.']), /Cannot read the configuration \./)
  assert.equal(await serviceOf(makePlace({ project: '', user: '# nothing yet\n' })), 'shop')
  assert.equal(await serviceOf(makePlace({ project: 'diagnose:\n' })), 'shop')
})

test('aliases may be used, and neither they nor depth, size nor bytes that are no text harm', async () => {
  const used = 'service: &name shared\ncapture: {service: *name}\ndiagnose: {service: *name}\n'
  assert.equal(await serviceOf(makePlace({ project: used })), 'shared')
  const levels = Array.from({ length: 30 }, (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level}, `.repeat(9)}]`)
  const bomb = ['service: &a0 x', ...levels].join('\n')
  const deep = `service: ${'['.repeat(60_000)}`
  const begunMs = performance.now()
  await failureOf(makePlace({ project: bomb }))
  await failureOf(makePlace({ project: deep }))
  await failureOf(makePlace({ project: 'diagnose: &d\n  diagnose: *d\n' }))
  await failureOf(makePlace({ project: Array.from({ length: 12_000 }, (_, at) => `k${at.toString(36)}:`).join('\n') }))
  assert.match(await failureOf(makePlace({ project: `# ${'x'.repeat(70_000)}` })), /larger than 64 KiB/)
  assert.equal(await serviceOf(makePlace({ project: 'service: !!js/function "process.exit(9)"\n' })), 'process.exit(9)')
  assert.ok(performance.now() - begunMs < 30_000)
  const place = makePlace({})
  writeFileSync(join(place.cwd, 'sightline.yaml'), Uint8Array.of(0xff, 0xfe, 0x00, 0x80))
  assert.match(await failureOf(place), /not UTF-8/)
})

test('help, the version and the command line’s own errors need no configuration', async () => {
  const place = makePlace({ project: 'nonsense: 1\n' })
  assert.equal((await runSightline(['--help'], place)).code, 0)
  assert.equal((await runSightline(['--version'], place)).code, 0)
  assert.equal((await runSightline(['diagnose'], place)).code, 64)
})
