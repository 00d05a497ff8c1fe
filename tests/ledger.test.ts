/** `sightline ledger` as a team meets it: real reports, real git merges, damaged files, two writers at once. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { drawReport, drawTrust } from './samples/reports.ts'
import { root, runSightline } from './samples/run-sightline.ts'
import { makeShop, shopFormats } from './samples/shop-spans.ts'

const base = mkdtempSync(join(tmpdir(), 'sightline-ledger-'))
after(() => rmSync(base, { recursive: true, force: true }))

let count = 0
function makeFolder(): string {
  count += 1
  const folder = join(base, `f${count}`)
  mkdirSync(folder)
  return folder
}

const run = (cwd: string, ...args: readonly string[]) => runSightline(['ledger', ...args], { cwd })
const pathOf = (folder: string) => join(folder, '.sightline', 'ledger.json')

async function list(folder: string, ...args: readonly string[]) {
  const ran = await run(folder, 'list', '--state', 'all', '--json', ...args)
  assert.equal(ran.code, 0, ran.stdout)
  const { entries, totals } = JSON.parse(ran.stdout).data as {
    entries: readonly {
      fingerprint: string
      state: string
      owners: string[]
      where: { file?: string; function?: string }
      ageDays: number
    }[]
    totals: { open: number; back: number; paid: number; debt: number }
  }
  return { entries, totals, states: Object.fromEntries(entries.map((one) => [one.fingerprint, one.state])) }
}

function git(folder: string, ...args: readonly string[]): string {
  const set = [
    '-c',
    'user.name=t',
    '-c',
    'user.email=t@example.com',
    '-c',
    'init.defaultBranch=main',
    '-c',
    'commit.gpgsign=false',
  ]
  return execFileSync('git', [...set, ...args], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

const trust = (fingerprints: readonly string[], day: number) =>
  drawTrust(
    fingerprints.map((fingerprint) => ({ fingerprint })),
    'B',
    day,
  )

test('real reports of diagnose and timeline: added once, the same again changes nothing, clean runs pay', async () => {
  const folder = makeFolder()
  const shop = join(root, 'testdata', 'captures', 'shop')
  for (const command of ['diagnose', 'timeline']) {
    const ran = await runSightline([command, shop, '--json'])
    writeFileSync(join(folder, `${command}.json`), ran.stdout)
  }
  const first = await run(folder, 'add', 'diagnose.json', 'timeline.json')
  assert.equal(first.code, 0, first.stderr)
  const text = readFileSync(pathOf(folder), 'utf8')
  const again = await run(folder, 'add', 'timeline.json', 'diagnose.json')
  assert.match(again.stdout, /nothing changed/)
  assert.equal(readFileSync(pathOf(folder), 'utf8'), text)
  const { entries, totals } = await list(folder, '--at', '2026-11-25')
  const leak = entries.find(({ where }) => where.file?.endsWith('internal/api/quote.go'))
  assert.equal(leak?.ageDays, 2)
  assert.equal(totals.open, entries.length)
  const report = JSON.parse(readFileSync(join(folder, 'diagnose.json'), 'utf8'))
  const later = { ...report, findings: [], data: { ...report.data, window: { endTime: '2026-11-24T00:00:00Z' } } }
  const blind = structuredClone(later)
  blind.data.lenses = blind.data.lenses.filter(({ lens }: { lens: string }) => lens !== 'goroutineleak')
  writeFileSync(join(folder, 'blind.json'), JSON.stringify(blind))
  await run(folder, 'add', 'blind.json')
  const leaked = entries.filter((one) => (one as { rule?: string }).rule === 'leaked-goroutines')
  const afterBlind = await list(folder)
  for (const { fingerprint } of leaked) assert.equal(afterBlind.states[fingerprint], 'open')
  writeFileSync(join(folder, 'later.json'), JSON.stringify(later))
  await run(folder, 'add', 'later.json', '--at', '2026-11-24T01:00:00Z')
  const paid = await list(folder)
  for (const { fingerprint } of leaked) assert.equal(paid.states[fingerprint], 'paid')
})

test('a loose trace is the same debt as that of its capture once its service is said, and says where', async () => {
  const folder = makeFolder()
  const shop = join(root, 'testdata', 'captures', 'shop')
  const trace = join(shop, 'trace.bin')
  const asked = [[shop], [trace, '--service', 'shop'], [trace]]
  for (const [index, args] of asked.entries()) {
    const ran = await runSightline(['timeline', ...args, '--json'])
    writeFileSync(join(folder, `${index}.json`), ran.stdout)
  }
  await run(folder, 'add', '0.json', '1.json')
  const { entries } = await list(folder)
  const locks = entries.filter((one) => (one as { rule?: string }).rule === 'lock-contention')
  assert.equal(locks.length, 1)
  assert.match(locks[0]?.where.function ?? '', /^example\.com\/shop\/.*priceCache/)
  assert.match(locks[0]?.where.file ?? '', /prices\.go$/)
  const unsaid = await run(folder, 'add', '2.json', '--json')
  assert.match(JSON.parse(unsaid.stdout).issues[0].message, /sightline timeline --service NAME/)
})

test('a real break of trust is debt by edge and traces a day, and paid by enough traces without it', async () => {
  const folder = makeFolder()
  const judge = async (name: string, options: Parameters<typeof makeShop>[0]) => {
    writeFileSync(join(folder, 'spans.json'), shopFormats['otlp.json']?.(makeShop(options)) ?? '')
    const ran = await runSightline(['trust', 'spans.json', '--json'], { cwd: folder })
    writeFileSync(join(folder, name), ran.stdout)
  }
  await judge('broken.json', { traces: 2_000, lost: 0.06, gapMs: 3_000 })
  await judge('few.json', { traces: 50 })
  await judge('good.json', { traces: 600 })
  assert.equal((await run(folder, 'add', 'broken.json', '--at', '2026-11-01')).code, 0)
  const [entry] = (await list(folder)).entries
  assert.deepEqual(entry?.where, { operation: 'GET /price', edge: { from: 'cart', to: 'price' } })
  assert.ok((await list(folder)).totals.debt > 0)
  await run(folder, 'add', 'few.json', '--at', '2026-11-02')
  assert.equal((await list(folder)).entries[0]?.state, 'open')
  await run(folder, 'add', 'good.json', '--at', '2026-11-03')
  assert.equal((await list(folder)).entries[0]?.state, 'paid')
  assert.equal((await list(folder)).totals.debt, 0)
})

test('two branches that each add findings merge in git without a conflict, and nothing is lost', async () => {
  const folder = makeFolder()
  git(folder, 'init', '-q')
  writeFileSync(join(folder, 'r0.json'), trust(['5555'], 1))
  writeFileSync(join(folder, 'ra.json'), trust(['1111', '5555', '7777'], 2))
  writeFileSync(join(folder, 'rb.json'), trust(['2222', '8888'], 3))
  await run(folder, 'add', 'r0.json')
  git(folder, 'add', '.sightline')
  git(folder, 'commit', '-q', '-m', 'ledger')
  const add = async (branch: string, report: string, from: string) => {
    git(folder, 'checkout', '-q', '-b', branch, from)
    await run(folder, 'add', report)
    git(folder, 'commit', '-q', '-am', branch)
  }
  await add('a', 'ra.json', 'main')
  await add('b', 'rb.json', 'main')
  git(folder, 'merge', '-q', '--no-edit', 'a')
  const merged = await list(folder)
  assert.deepEqual(merged.states, { '1111': 'open', '2222': 'open', '5555': 'paid', '7777': 'open', '8888': 'open' })
  git(folder, 'checkout', '-q', 'a')
  git(folder, 'merge', '-q', '--no-edit', 'b~0')
  const gate = await runSightline(['gate', '.sightline/ledger.json', '--json'], { cwd: folder })
  assert.equal(gate.code, 1)
  assert.equal(JSON.parse(gate.stdout).data.findings.length, 4)
})

test('conflict markers are an error that loses nothing, and resolve keeps both sides', async () => {
  const folder = makeFolder()
  git(folder, 'init', '-q')
  writeFileSync(join(folder, 'r0.json'), trust(['5555'], 1))
  writeFileSync(join(folder, 'ra.json'), trust(['5555', '6666'], 2))
  writeFileSync(join(folder, 'rb.json'), trust(['5555', '7777'], 3))
  await run(folder, 'add', 'r0.json')
  rmSync(join(folder, '.sightline', '.gitattributes'))
  git(folder, 'add', '.sightline')
  git(folder, 'commit', '-q', '-m', 'ledger')
  for (const [branch, report] of [
    ['a', 'ra.json'],
    ['b', 'rb.json'],
  ] as const) {
    git(folder, 'checkout', '-q', '-b', branch, 'main')
    await run(folder, 'add', report)
    git(folder, 'commit', '-q', '-am', branch)
  }
  assert.throws(() => git(folder, '-c', 'merge.conflictStyle=diff3', 'merge', '-q', '--no-edit', 'a'))
  const conflicted = readFileSync(pathOf(folder), 'utf8')
  for (const args of [
    ['list'],
    ['add', 'ra.json'],
    ['waive', '5555', '--who', 'a', '--why', 'b', '--until', '2027-01-01'],
  ]) {
    const ran = await run(folder, ...args, '--json')
    assert.equal(ran.code, 65)
    assert.equal(JSON.parse(ran.stdout).error.code, 'SL_OPS_LEDGER_CONFLICT')
  }
  assert.equal(readFileSync(pathOf(folder), 'utf8'), conflicted)
  assert.equal((await run(folder, 'resolve')).code, 0)
  const { states, entries } = await list(folder)
  assert.deepEqual(Object.keys(states).sort(), ['5555', '6666', '7777'])
  assert.equal(entries.length, 3)
})

test('several writers at once: every report is in, and no lock or piece is left', async () => {
  const folder = makeFolder()
  const names = Array.from({ length: 5 }, (_, index) => {
    const name = `r${index}.json`
    writeFileSync(
      join(folder, name),
      drawReport('logs', { endTime: `2026-11-0${index + 1}T00:00:00Z` }, [{ fingerprint: `${index}000` }]),
    )
    return name
  })
  const codes = await Promise.all(names.map(async (name) => (await run(folder, 'add', name)).code))
  assert.deepEqual(codes, [0, 0, 0, 0, 0])
  assert.equal((await list(folder)).entries.length, 5)
  assert.deepEqual(readdirSync(join(folder, '.sightline')).sort(), ['.gitattributes', '.gitignore', 'ledger.json'])
})

test('what cannot be used has a code, and the ledger stays as it was', async () => {
  const folder = makeFolder()
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return name
  }
  const good = write('good.json', trust(['1234abcd', '1234ffff'], 1))
  assert.equal((await run(folder, 'list', '--json')).code, 66)
  await run(folder, 'add', good)
  const before = readFileSync(pathOf(folder), 'utf8')
  const failed = { ok: false, error: { code: 'SL_COLLECT_TIMEOUT', message: 'x', hint: '', retryable: true } }
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['add', 'absent.json'], 66, 'SL_OPS_FILE_CANNOT_READ'],
    [['add', write('noise.json', '{"a":')], 65, 'SL_OPS_NOT_A_REPORT'],
    [['add', '.sightline/ledger.json'], 65, 'SL_OPS_NOT_A_REPORT'],
    [['add', good, write('failed.json', drawReport('diagnose', {}, [], failed))], 65, 'SL_OPS_REPORT_FAILED'],
    [
      ['add', write('no-time.json', drawReport('audit', { directory: '.' }, [{ fingerprint: 'x' }]))],
      64,
      'SL_OPS_REPORT_NO_TIME',
    ],
    [['show', '9999'], 65, 'SL_OPS_LEDGER_NO_ENTRY'],
    [['show', '1234'], 65, 'SL_OPS_LEDGER_NO_ENTRY'],
    [['waive', '1234abcd', '--who', 'a', '--why', 'b', '--until', '2026-02-30'], 64, 'SL_CLI_USAGE'],
    [['list', '--ledger', write('cut.json', before.slice(0, -20))], 65, 'SL_OPS_LEDGER_DAMAGED'],
    [['list', '--ledger', write('newer.json', before.replace('file/v1', 'file/v9'))], 65, 'SL_OPS_LEDGER_NEWER'],
  ]
  for (const [args, code, name] of cases) {
    const ran = await run(folder, ...args, '--json')
    assert.equal(ran.code, code, `${args}: ${ran.stdout}`)
    assert.equal(JSON.parse(ran.stdout).error.code, name, args.join(' '))
  }
  const rows = Array.from({ length: 50_001 }, (_, index) => before.split('\n')[2]?.replace('1234abcd', `e${index}`))
  const large = [...before.split('\n').slice(0, 2), ...rows, 'null]}', ''].join('\n')
  const refused = await run(folder, 'list', '--ledger', write('large.json', large), '--json')
  assert.equal(JSON.parse(refused.stdout).error.code, 'SL_OPS_LEDGER_LARGE')
  writeFileSync(`${pathOf(folder)}.lock`, '1\n')
  const locked = await run(folder, 'add', write('more.json', trust(['77'], 2)), '--json')
  assert.equal(locked.code, 75)
  assert.equal(JSON.parse(locked.stdout).error.code, 'SL_OPS_LEDGER_LOCKED')
  assert.equal(readFileSync(pathOf(folder), 'utf8'), before)
})

test('a service that the ledger has nothing of is not told as a ledger that has nothing', async () => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'a.json'), trust(['abcd'], 1))
  await run(folder, 'add', 'a.json')
  const stranger = await run(folder, 'list', '--service', 'cort')
  assert.match(stranger.stdout, /^No finding of cort has ever been added\n/)
  assert.match((await run(folder, 'list', '--service', 'cart')).stdout, /^1 finding owed\n/)
})

test('owners come from CODEOWNERS by the file of a finding, or by the folder of its service', async () => {
  const folder = makeFolder()
  git(folder, 'init', '-q')
  mkdirSync(join(folder, '.github'))
  mkdirSync(join(folder, 'api'))
  writeFileSync(join(folder, 'api', 'a.go'), 'package api\n')
  writeFileSync(join(folder, 'go.mod'), 'module example.com/m\n')
  writeFileSync(join(folder, '.github', 'CODEOWNERS'), '* @all\n/api/ @org/api\n/services/cart/ @org/cart\n[x] @no\n')
  const report = JSON.parse(
    drawReport('audit', { directory: '.', files: { read: 1 } }, [
      { fingerprint: '0a' },
      { fingerprint: '0b' },
      { fingerprint: '0c', service: 'pay' },
    ]),
  )
  report.findings[0].evidence = [{ lens: 'source', source: 'api/a.go', file: 'api/a.go', line: 1 }]
  writeFileSync(join(folder, 'r.json'), JSON.stringify(report))
  const ran = await run(folder, 'add', 'r.json', '--at', '2026-11-01', '--service-path', 'cart=services/cart', '--json')
  assert.match(JSON.parse(ran.stdout).issues[0].message, /lines that GitHub skips: 4/)
  const { entries } = await list(folder)
  const owners = Object.fromEntries(entries.map((one) => [one.fingerprint, one.owners.join()]))
  assert.deepEqual(owners, { '0a': '@org/api', '0b': '@org/cart', '0c': '' })
})

test('the HTML report draws a burndown, allows no script, and is written once asked for', async () => {
  const folder = makeFolder()
  const hostile = '<script>alert(1)</script>"onload='
  for (const [index, some] of [['a1', 'b2', 'c3'], ['a1', 'b2'], ['a1']].entries()) {
    const findings = some.map((fingerprint) => ({ fingerprint, title: hostile, cost: { affectedTracesPerDay: 10 } }))
    writeFileSync(join(folder, `r${index}.json`), drawTrust(findings, 'B', index + 1))
  }
  await run(folder, 'add', 'r0.json', 'r1.json', 'r2.json')
  const ran = await run(folder, 'list', '--html', 'out/ledger.html', '--quiet')
  assert.equal(ran.code, 0)
  const page = readFileSync(join(folder, 'out', 'ledger.html'), 'utf8')
  assert.match(page, /Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-/)
  assert.match(page, /aria-label="Findings owed: 3 at first, 1 now"/)
  assert.match(page, /aria-label="Debt: 150 at first, 50 now"/)
  assert.doesNotMatch(page, /<script|onload="|NaN|undefined/)
  assert.ok(existsSync(pathOf(folder)) && statSync(pathOf(folder)).size < 5000)
  const trend = await run(folder, 'trend', '--json')
  const points = JSON.parse(trend.stdout).data.trend as readonly { open: number; paid: number }[]
  assert.deepEqual(
    points.map(({ open, paid }) => [open, paid]),
    [
      [3, 0],
      [2, 1],
      [1, 1],
    ],
  )
})

test('a report of a time to come is added and doubted; one of tomorrow, in another time zone, is not', async () => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'r.json'), drawTrust([{ fingerprint: '0a' }]))
  const codesOf = (stdout: string) => (JSON.parse(stdout).issues as { code: string }[]).map(({ code }) => code)
  const soon = new Date(Date.now() + 20 * 3_600_000).toISOString()
  const near = await run(folder, 'add', 'r.json', '--at', soon, '--json')
  assert.ok(!codesOf(near.stdout).includes('SL_OPS_REPORT_FUTURE'), near.stdout)
  const far = await run(folder, 'add', 'r.json', '--at', '2199-01-01', '--json')
  assert.equal(far.code, 0)
  assert.ok(codesOf(far.stdout).includes('SL_OPS_REPORT_FUTURE'), far.stdout)
})

test('a ledger where no folder can be made is refused at once', { skip: !existsSync('/proc/self') }, async () => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'r.json'), drawTrust([{ fingerprint: '0a' }]))
  const ran = await run(folder, 'add', 'r.json', '--at', '2026-11-01', '--ledger', '/proc/none/below/l.json', '--json')
  assert.equal(JSON.parse(ran.stdout).error.code, 'SL_CLI_CANNOT_WRITE')
})
