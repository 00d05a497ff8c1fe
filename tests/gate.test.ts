/** `sightline gate` as a CI job meets it: verdicts and exit codes, budgets, the ratchet, waivers, and its files. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { drawReport, drawTrust } from './samples/reports.ts'
import { type Ran, root, runSightline } from './samples/run-sightline.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-gate-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return name
}

const gate = (...args: readonly string[]): Promise<Ran> => runSightline(['gate', ...args], { cwd: folder })

const clean = write('clean.json', drawTrust())
const high = write('high.json', drawTrust([{ fingerprint: 'aa11' }], 'C'))
const few = write('few.json', drawTrust([{ fingerprint: 'bb22', severity: 'critical' }], 'insufficient'))

test('a report of a run that received nothing is never a pass: exit 2 (opentelemetry-go-contrib#8918)', async () => {
  const none = { services: [], edges: [], skew: [], spans: 0, traces: 0 }
  const noGoFiles = { directory: '.', files: { read: 0 }, packages: 0 }
  const nothing: readonly (readonly [name: string, text: string])[] = [
    ['no-spans.json', drawReport('trust', none)],
    ['empty-data.json', drawReport('trust', {})],
    ['no-go.json', drawReport('audit', noGoFiles)],
    ['no-events.json', drawReport('timeline', { trace: { events: 0, goroutines: 0 } })],
    [
      'no-goroutines.json',
      drawReport('diagnose', { target: { service: 'a' }, goroutines: { count: 0 }, verdict: { grade: 'clear' } }),
    ],
    ['no-targets.json', drawReport('diagnose', { targets: [] })],
    ['unanswered.json', drawReport('logs', {}, [], { coverage: { asked: 3, answered: 0, missing: [] } })],
    ['silent.json', drawReport('logs', {}, [], { coverage: { asked: 0, answered: 0, missing: [] } })],
    ['ledger.json', '{"schema":"sightline.ledger-file/v1","lines":[\nnull]}\n'],
  ]
  for (const [name, text] of nothing) {
    for (const args of [[], ['--budget', 'critical=100'], ['--baseline', clean]]) {
      const ran = await gate(write(name, text), ...args, '--json')
      assert.equal(ran.code, 2, `${name} ${args}: ${ran.stdout}`)
      assert.equal(JSON.parse(ran.stdout).data.verdict, 'inconclusive')
    }
  }
  const beside = await gate(clean, 'no-spans.json')
  assert.equal(beside.code, 2)
  assert.match(beside.stdout, /no-spans\.json: it saw no spans: no data/)
})

test('verdicts and their exit codes, alone and together: the worst holds', async () => {
  const failed = write(
    'failed.json',
    drawReport('diagnose', {}, [], {
      ok: false,
      error: { code: 'SL_COLLECT_TIMEOUT', message: 'no answer', hint: '', retryable: true },
    }),
  )
  const partial = write(
    'partial.json',
    drawReport('diagnose', { targets: [] }, [], {
      ok: false,
      error: { code: 'SL_OPS_TARGETS_FAILED', message: '2 of 3', hint: '', retryable: true },
    }),
  )
  const inconclusive = write(
    'inconclusive.json',
    drawReport('diagnose', { target: { service: 'a' }, goroutines: { count: 3 }, verdict: { grade: 'inconclusive' } }),
  )
  const cases: readonly (readonly [readonly string[], number])[] = [
    [[clean], 0],
    [[high], 1],
    [[few], 2],
    [[inconclusive], 2],
    [[failed], 69],
    [[partial], 3],
    [[clean, few], 2],
    [[few, high], 1],
    [[high, failed], 69],
    [['absent.json'], 66],
    [[write('noise.json', 'hello')], 65],
    [[write('nothing.json', '')], 65],
    [[write('other.json', '{"schema":"x"}')], 65],
    [[clean, '--budget', 'high'], 64],
    [[clean, '--budget', 'hihg=0'], 64],
    [[clean, '--baseline', 'absent.json'], 66],
    [[clean, '--ledger', 'absent.json'], 66],
  ]
  for (const [args, code] of cases) {
    const ran = await gate(...args, '--json')
    assert.equal(ran.code, code, `${args}: ${ran.stdout}`)
    assert.equal(JSON.parse(ran.stdout).schema, 'sightline.gate/v1')
  }
})

test('budgets count a severity and worse, a class, a service, the debt', async () => {
  const mixed = write(
    'mixed.json',
    drawTrust([
      { fingerprint: 'c1', severity: 'critical', cost: { affectedTracesPerDay: 50 } },
      { fingerprint: 'm1', severity: 'medium', rule: 'no-propagator', service: 'pay:8080' },
      { fingerprint: 'm2', severity: 'medium', confidence: 'possible' },
      { fingerprint: 'i1', severity: 'info' },
    ]),
  )
  const cases: readonly (readonly [string, number])[] = [
    ['high=1', 0],
    ['high=0', 1],
    ['medium=3', 0],
    ['medium=2', 1],
    ['info=4', 0],
    ['class:no-extract=2', 0],
    ['class:no-extract=1', 1],
    ['class:no-extract:critical=1', 0],
    ['rule:absent=0', 0],
    ['service:pay:8080=1', 0],
    ['service:pay:8080=0', 1],
    ['service:pay:8080:high=0', 0],
    ['debt=500', 0],
    ['debt=499', 1],
    ['high=1,medium=2', 1],
  ]
  for (const [budget, code] of cases) assert.equal((await gate(mixed, '--budget', budget)).code, code, budget)
  const policy = write('policy.yaml', 'budgets: {high: 1, medium: 2}\nminConfidence: probable\n')
  assert.equal((await gate(mixed, '--policy', policy)).code, 0)
  assert.equal((await gate(mixed, '--policy', policy, '--budget', 'medium=1')).code, 1)
  const misspelt = await gate(mixed, '--policy', write('bad.yaml', 'budget: {high: 1}\n'), '--json')
  assert.equal(misspelt.code, 78)
  assert.match(JSON.parse(misspelt.stdout).error.message, /bad\.yaml:1:1/)
})

test('a budget that nothing could exceed is no pass: a service that nobody looked at, a class that there is not', async () => {
  const stranger = await gate(clean, '--budget', 'service:cort=0')
  assert.deepEqual([stranger.code, /nothing looked at the service cort: no data/.test(stranger.stdout)], [2, true])
  assert.equal((await gate(clean, '--budget', 'service:cart=0')).code, 0)
  const typo = await gate(clean, '--budget', 'class:no-extrakt=0', '--json')
  assert.deepEqual([typo.code, JSON.parse(typo.stdout).error.code], [64, 'SL_CLI_USAGE'])
  assert.equal((await gate(clean, '--budget', 'class:unexplained-break=0')).code, 0)
  // An audit names the services that have findings, not those that have none.
  const source = write('source.json', drawReport('audit', { directory: '.', files: { read: 3 } }))
  assert.equal((await gate(source, '--budget', 'service:cart=0')).code, 0)
})

test('a budget of debt is not kept by a break whose traces a day nobody knows', async () => {
  const short = write('short.json', drawTrust([{ fingerprint: 'short', cost: { rate: 0.2 } }], 'E'))
  const ran = await gate(short, '--budget', 'debt=1000')
  assert.equal(ran.code, 2, ran.stdout)
  assert.match(ran.stdout, /the debt of a finding is not known: seen for less than an hour/)
  assert.equal((await gate(short, '--budget', 'high=1')).code, 0)
  const known = write('known.json', drawTrust([{ fingerprint: 'k', cost: { affectedTracesPerDay: 10 } }], 'B'))
  assert.equal((await gate(known, '--budget', 'debt=1000')).code, 0)
})

test('a terminal of 40 columns shows fingerprints whole, and no line is wider', async () => {
  const ran = await runSightline(['gate', high], { cwd: folder, env: { COLUMNS: '40' } })
  const long = write('long.json', drawTrust([{ fingerprint: '0123456789abcdef', title: 'a long title '.repeat(9) }]))
  const other = await runSightline(['gate', long], { cwd: folder, env: { COLUMNS: '40' } })
  assert.equal(ran.code, 1)
  assert.match(other.stdout, /^01234567 {2}high$/m)
  for (const line of `${ran.stdout}${other.stdout}`.split('\n')) assert.ok(line.length <= 40, line)
})

test('a baseline is a ratchet: new, back and grown fail, known and fewer pass', async () => {
  const before = write('before.json', drawTrust([{ fingerprint: 'k1', cost: { affectedTracesPerDay: 10 } }], 'B', 1))
  const change = (name: string, ...findings: Parameters<typeof drawTrust>[0] & object) =>
    write(name, drawTrust(findings, 'B', 2))
  const cases: readonly (readonly [string, number])[] = [
    [before, 0],
    [clean, 0],
    [change('less.json', { fingerprint: 'k1', cost: { affectedTracesPerDay: 5 } }), 0],
    [change('grown.json', { fingerprint: 'k1', cost: { affectedTracesPerDay: 11 } }), 1],
    [change('worse.json', { fingerprint: 'k1', severity: 'critical', cost: { affectedTracesPerDay: 10 } }), 1],
    [change('new.json', { fingerprint: 'n1', severity: 'low' }), 1],
    [change('new-info.json', { fingerprint: 'n1', severity: 'info' }), 0],
  ]
  for (const [name, code] of cases) assert.equal((await gate(name, '--baseline', before)).code, code, name)
  const ledger = 'ratchet.ledger.json'
  const add = (...names: readonly string[]) =>
    runSightline(['ledger', 'add', ...names, '--ledger', ledger], { cwd: folder })
  assert.equal((await add(before)).code, 0)
  assert.equal((await gate(before, '--baseline', ledger)).code, 0)
  assert.equal((await add(write('paid.json', drawTrust([], 'A', 3)))).code, 0)
  const back = await gate(before, '--baseline', ledger, '--json')
  assert.equal(back.code, 1)
  assert.equal(JSON.parse(back.stdout).data.findings[0].change, 'back')
})

test('a waiver holds through its last day and is listed; an expired one fails', async () => {
  const ledger = 'waived.ledger.json'
  const at = ['--ledger', ledger, '--at', '2026-11-20']
  await runSightline(['ledger', 'add', high, ...at], { cwd: folder })
  const terms = ['--who', 'ann', '--why', 'vendor <bug> & "more"', '--until', '2026-11-30']
  assert.equal((await runSightline(['ledger', 'waive', 'aa11', ...terms, ...at], { cwd: folder })).code, 0)
  const judge = (day: string, ...more: readonly string[]) =>
    gate(high, '--ledger', ledger, '--at', `2026-${day}T23:59:59Z`, ...more)
  const holds = await judge('11-30', '--json', '--junit', 'w.xml', '--sarif', 'w.sarif')
  assert.equal(holds.code, 0)
  assert.equal(JSON.parse(holds.stdout).data.waived[0].waiver.who, 'ann')
  assert.match(
    readFileSync(join(folder, 'w.xml'), 'utf8'),
    /vendor &lt;bug&gt; &amp; &quot;more&quot;\)"[^>]*>\s*<skipped\/>/,
  )
  const [result] = JSON.parse(readFileSync(join(folder, 'w.sarif'), 'utf8')).runs[0].results
  assert.equal(result.suppressions[0].justification.includes('vendor <bug>'), true)
  const expired = await judge('12-01', '--budget', 'high=9')
  assert.equal(expired.code, 1)
  assert.match(expired.stdout, /1 of 1 have expired/)
  await runSightline(['ledger', 'unwaive', 'aa11', ...at], { cwd: folder })
  assert.equal((await judge('11-30')).code, 1)
})

test('JUnit XML is well-formed by its schema’s order, and hostile text stays text', async () => {
  const hostile = '\u001b[2J</failure><x a="1">&\u0000\ud800 ]]>'
  const bad = write('hostile.json', drawTrust([{ fingerprint: 'h1', title: hostile, service: hostile, rule: hostile }]))
  const ran = await gate(bad, few, '--junit', 'h.xml', '--sarif', 'h.sarif', '--markdown')
  assert.equal(ran.code, 1)
  const suites = readSuites(readFileSync(join(folder, 'h.xml'), 'utf8'))
  assert.deepEqual(suites, ['inputs 2/0/1', 'checks 2/1/0', 'findings 1/1/0'])
  assert.ok(!ran.stdout.includes('\u001b'))
  assert.doesNotMatch(ran.stdout.replace(/`[^`]*`/g, ''), /<x/)
  const sarif = JSON.parse(readFileSync(join(folder, 'h.sarif'), 'utf8'))
  assert.equal(sarif.version, '2.1.0')
  for (const one of sarif.runs[0].results) {
    assert.ok(one.locations[0].physicalLocation.region.startLine >= 1)
    assert.equal(sarif.runs[0].tool.driver.rules[one.ruleIndex].id, one.ruleId)
  }
})

test('more findings than code scanning takes are said to be left out of the SARIF file', async () => {
  const many = Array.from({ length: 25_002 }, (_, index) => ({ fingerprint: `m${index}`, severity: 'low' }))
  const ran = await gate(write('many.json', drawTrust(many)), '--sarif', 'many.sarif', '--json')
  assert.equal(ran.code, 0)
  const [issue] = JSON.parse(ran.stdout).issues
  assert.deepEqual([issue.code, issue.count], ['SL_OPS_SARIF_LIMIT', 2])
  const [run] = JSON.parse(readFileSync(join(folder, 'many.sarif'), 'utf8')).runs
  assert.equal(run.results.length, 25_000)
  assert.match(run.invocations[0].toolExecutionNotifications[0].message.text, /^2 results/)
})

/** A strict reader of just this schema: elements in their order, attributes required, counts that agree. */
function readSuites(xml: string): readonly string[] {
  const tokens = [...xml.matchAll(/<\?xml[^>]*\?>|<(\/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>|([^<]+)/g)]
  assert.equal(tokens.map(([text]) => text).join(''), xml, 'nothing stands outside of elements and text')
  const open: string[] = []
  const summary: string[] = []
  const seen = { cases: 0, failures: 0, errors: 0 }
  for (const [, close, name, attributes = '', empty, text] of tokens) {
    if (text !== undefined) assert.doesNotMatch(text, /&(?!(amp|lt|gt|quot|apos|#\d+);)|\]\]>/)
    if (name === undefined) continue
    if (close === '/') {
      assert.equal(open.pop(), name)
      continue
    }
    const parents: Readonly<Record<string, string | undefined>> = {
      testsuites: undefined,
      testsuite: 'testsuites',
      properties: 'testsuite',
      testcase: 'testsuite',
      'system-out': 'testsuite',
      'system-err': 'testsuite',
      failure: 'testcase',
      error: 'testcase',
      skipped: 'testcase',
    }
    assert.ok(name in parents, name)
    assert.equal(open.at(-1), parents[name])
    const given = Object.fromEntries(
      [...attributes.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
    )
    if (name === 'testsuite') {
      assert.match(given.timestamp ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
      for (const key of ['package', 'id', 'name', 'hostname', 'tests', 'failures', 'errors', 'time'])
        assert.ok(key in given, key)
      summary.push(`${given.name} ${given.tests}/${given.failures}/${given.errors}`)
    }
    if (name === 'testcase') assert.deepEqual(Object.keys(given), ['name', 'classname', 'time'])
    if (name === 'testcase') seen.cases += 1
    if (name === 'failure') seen.failures += 1
    if (name === 'error') seen.errors += 1
    if (empty !== '/') open.push(name)
  }
  assert.deepEqual(open, [])
  const sum = (index: number) => summary.reduce((total, one) => total + Number(one.split(' ')[1]?.split('/')[index]), 0)
  assert.deepEqual([sum(0), sum(1), sum(2)], [seen.cases, seen.failures, seen.errors])
  return summary
}

test('a real diagnosis through the gate: stdin, Markdown, and the default budget', async () => {
  const report = await runSightline(['diagnose', join(root, 'testdata', 'captures', 'shop'), '--json'])
  const ran = await runSightline(['gate', '-', '--markdown'], { cwd: folder, stdin: report.stdout })
  assert.equal(ran.code, 1, ran.stderr)
  assert.match(ran.stdout, /^### Sightline gate: fail\n\n- findings that are high or worse: \d+, at most 0/)
  assert.match(ran.stdout, /\| high \| .*\| `shop` \| `.*\.go:\d+` \| `leaked-goroutines` \|/)
})
