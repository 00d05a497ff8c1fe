/** `sightline trust` as a user or a script meets it: every format, together and alone, documents and exit codes. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openCaptureWriter } from '../src/collect/capture-write.ts'
import type { CaptureManifest } from '../src/model/capture.ts'
import { root, runSightline } from './samples/run-sightline.ts'
import { makeShop, type ShopSpan, shopFormats } from './samples/shop-spans.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-trust-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const good = makeShop({ traces: 600 })
const broken = makeShop({ traces: 2_000, lost: 0.06, gapMs: 3_000 })

function write(name: string, format: string, spans: readonly ShopSpan[]): string {
  const path = join(folder, `${name}.${format}`)
  writeFileSync(path, shopFormats[format]?.(spans) ?? '')
  return path
}

const goodFile = write('good', 'otlp.json', good)
const brokenFile = write('broken', 'otlp.json', broken)
const fewFile = write('few', 'otlp.json', makeShop({ traces: 50 }))

/** Half a minute of a shop in which cart's spans of one trace in four are missing. */
const cutShop = makeShop({ traces: 400, gapMs: 75 }).filter(
  ({ service, traceId }) => service !== 'cart' || Number.parseInt(traceId.slice(0, 2), 16) >= 64,
)

type Service = {
  service: string
  grade: string
  traces: number
  breakRate?: number
  cappedBy?: string
  breaks: unknown[]
}

const gradesOf = (stdout: string) =>
  Object.fromEntries((JSON.parse(stdout).data.services as Service[]).map(({ service, grade }) => [service, grade]))

test('a shop without breaks: every service and edge has an A, in every format', async () => {
  for (const format of Object.keys(shopFormats)) {
    const { code, stdout } = await runSightline(['trust', write('good', format, good), '--json'])
    const { schema, ok, data, findings, error } = JSON.parse(stdout)
    assert.deepEqual([code, schema, ok, error, findings], [0, 'sightline.trust/v1', true, null, []], format)
    assert.deepEqual([data.spans, data.traces], [4_200, 600], format)
    assert.deepEqual(gradesOf(stdout), { cart: 'A', gateway: 'A', price: 'A', stock: 'A' }, format)
    assert.deepEqual(
      data.edges
        .map(({ from, to, grade }: { from: string; to: string; grade: string }) => [from, to, grade].join())
        .sort(),
      ['cart,price,A', 'cart,stock,A', 'gateway,cart,A'],
      format,
    )
  }
})

test('an edge that breaks in 6 % of the traces is found, named, graded and shown, in every format', async () => {
  const prints = new Set<string>()
  for (const format of Object.keys(shopFormats)) {
    const { code, stdout } = await runSightline(['trust', write('broken', format, broken), '--json'])
    assert.equal(code, 0, format)
    const { data, findings } = JSON.parse(stdout)
    assert.deepEqual(gradesOf(stdout), { cart: 'A', gateway: 'A', price: 'C', stock: 'A' }, format)
    assert.equal(findings.length, 1, format)
    assert.equal(findings[0].severity, 'high', format)
    assert.match(findings[0].evidence[0].at, /^trace [0-9a-f]{32} span [0-9a-f]{16}$/)
    prints.add(findings[0].fingerprint)
    const edge = data.edges.find(({ to }: { to: string }) => to === 'price')
    assert.equal(edge.brokenTraces, findings[0].cost.affectedTraces)
    const service = data.services.find((one: Service) => one.service === 'price')
    assert.equal(service.breaks[0].fingerprint, findings[0].fingerprint)
    assert.ok(service.breaks[0].affectedTracesPerDay > 1_000)
  }
  assert.equal(prints.size, 1)
})

test('a break that is found can be opened: --trace prints its tree, by the beginning of an id too', async () => {
  const judged = JSON.parse((await runSightline(['trust', brokenFile, '--json'])).stdout)
  const [, id = ''] = /^trace (\S+)/.exec(judged.findings[0].evidence[0].at) ?? []
  const tree = await runSightline(['trust', brokenFile, '--trace', id.slice(0, 12)])
  assert.equal(tree.code, 0)
  assert.match(tree.stdout, new RegExp(`Trace ${id}`))
  assert.match(tree.stdout, /price\s+GET \/price\s+server/)
  assert.match(tree.stdout, /lost: no-extract|unexplained: /)
  const none = await runSightline(['trust', brokenFile, '--trace', 'ffffffffffffffffffffffffffffffff', '--json'])
  assert.deepEqual([none.code, JSON.parse(none.stdout).error.code], [65, 'SL_OPS_NO_TRACE'])
})

test('an orphan in a tree names the parent that is not there, and where it was', async () => {
  const cut = good.filter(({ service, kind }) => service !== 'cart' || kind !== 'server')
  const first = cut[0]?.traceId ?? ''
  const { stdout } = await runSightline(['trust', write('cut', 'otlp.json', cut), '--trace', first])
  assert.match(stdout, /\? cart {2}GET \/price/)
  assert.match(stdout, /its parent [0-9a-f]{16}.* is not among the spans/)
})

test('too few traces are no verdict: exit code 2, with --min as well, and --fail-on cannot make it a pass', async () => {
  for (const more of [[], ['--min', 'F'], ['--fail-on', 'info']]) {
    const { code, stdout } = await runSightline(['trust', fewFile, '--json', ...more])
    assert.equal(code, 2, more.join(' '))
    assert.deepEqual(new Set(Object.values(gradesOf(stdout))), new Set(['insufficient']))
    assert.deepEqual(JSON.parse(stdout).issues, [])
  }
})

test('spans of half a minute are settled where the file was complete later, and may still come where it was not', async () => {
  const lastMs = Math.max(...cutShop.map(({ startNs, durationNs }) => Number(startNs / 1_000_000n) + durationNs / 1e6))
  const file = write('short', 'otlp.json', cutShop)
  const read = async (changed: number, ...more: string[]) => {
    utimesSync(file, changed / 1e3, changed / 1e3)
    const { data, issues } = JSON.parse((await runSightline(['trust', file, '--json', ...more])).stdout)
    const breaks = (data.services as Service[]).flatMap((one) => one.breaks as { state: string; count: number }[])
    const counted = (isPending: boolean) =>
      breaks.reduce((sum, { state, count }) => sum + ((state === 'pending') === isPending ? count : 0), 0)
    const codes = issues.map(({ code }: { code: string }) => code).join()
    // Data that stops is cut through what ran then, however late it is read: a few at its very end.
    return [counted(true) > 0.1 * counted(false), counted(false) > 0, codes]
  }
  const unsettled = 'SL_OPS_SPANS_UNSETTLED'
  assert.deepEqual(await read(lastMs + 1_000), [true, false, unsettled])
  assert.deepEqual(await read(lastMs + 3_600_000), [false, true, ''])
  // An archive's own idea of time, and that of a clock which is ahead, say nothing.
  assert.deepEqual(await read(0), [true, false, unsettled])
  assert.deepEqual(await read(Date.now() + 86_400_000), [true, false, unsettled])
  assert.deepEqual(await read(0, '--settle', '0s'), [false, true, ''])
})

test('one file of several that cannot be read is named: exit code 3, and the verdict rests on the others', async () => {
  const noise = join(folder, 'noise.bin')
  writeFileSync(
    noise,
    new Uint8Array(4_000).map((_, index) => (index * 7919) % 256),
  )
  const { code, stdout } = await runSightline(['trust', goodFile, noise, goodFile, '--json'])
  const { data, coverage } = JSON.parse(stdout)
  assert.deepEqual([code, data.spans, coverage.answered, coverage.asked], [3, 4_200, 1, 2])
  assert.equal(coverage.missing[0].code, 'SL_DECODE_BINARY_NOISE')
  assert.deepEqual(gradesOf(stdout), { cart: 'A', gateway: 'A', price: 'A', stock: 'A' })
  // In a folder nobody said that each file is spans.
  const mixed = join(folder, 'mixed')
  mkdirSync(mixed)
  for (const file of [goodFile, noise]) writeFileSync(join(mixed, basename(file)), readFileSync(file))
  const found = await runSightline(['trust', mixed, '--json'])
  assert.deepEqual([found.code, JSON.parse(found.stdout).coverage.missing.length], [0, 1])
})

test('what a file that is cut short lacks is no proof of a break', async () => {
  const whole = shopFormats['otlp.json']?.(good.toReversed()) as string
  const cut = join(folder, 'cut-short.json')
  writeFileSync(cut, whole.slice(0, whole.length * 0.8))
  const { code, stdout } = await runSightline(['trust', cut, '--json'])
  const { data, findings, issues } = JSON.parse(stdout)
  assert.deepEqual([code, findings], [0, []])
  assert.ok(data.primitives.orphans > 100)
  const codes = issues.map(({ code }: { code: string }) => code)
  assert.ok(codes.includes('SL_DECODE_TRUNCATED') && codes.includes('SL_OPS_SPANS_PARTIAL'), codes.join())
})

test('--min and --fail-on turn a verdict into an exit code', async () => {
  const cases: readonly (readonly [readonly string[], number])[] = [
    [[brokenFile, '--min', 'C'], 0],
    [[brokenFile, '--min', 'B'], 1],
    [[brokenFile, '--min', 'b', '--service', 'cart'], 0],
    [[brokenFile, '--fail-on', 'critical'], 0],
    [[brokenFile, '--fail-on', 'high'], 1],
    [[goodFile, '--min', 'A', '--fail-on', 'info'], 0],
    [[goodFile, '--min', 'Z'], 64],
    [[goodFile, '--trace', 'nothex'], 64],
    [['http://localhost:4318'], 64],
  ]
  for (const [args, code] of cases)
    assert.equal((await runSightline(['trust', ...args, '-q'])).code, code, args.join(' '))
})

test('--service leaves one service, its edges and its findings', async () => {
  const { stdout } = await runSightline(['trust', brokenFile, '--service', 'stock', '--json'])
  const { data, findings } = JSON.parse(stdout)
  assert.deepEqual([data.services.length, data.edges.length, findings.length], [1, 1, 0])
  const none = await runSightline(['trust', brokenFile, '--service', 'nobody', '--json'])
  const { error } = JSON.parse(none.stdout)
  assert.deepEqual([none.code, error.code], [65, 'SL_OPS_NO_SERVICE'])
  assert.match(error.hint, /price/)
})

test('several files, gzip, stdin and a capture are one input each', async () => {
  const whole = gradesOf((await runSightline(['trust', brokenFile, '--json'])).stdout)
  const parts = ['gateway', 'cart', 'price', 'stock'].map((service) =>
    write(
      service,
      'otlp.json',
      broken.filter((span) => span.service === service),
    ),
  )
  const zipped = join(folder, 'broken.gz')
  writeFileSync(zipped, gzipSync(readFileSync(brokenFile)))
  const capture = join(folder, 'capture')
  mkdirSync(capture)
  writeFileSync(join(capture, 'spans.otlp.json'), readFileSync(brokenFile))
  writeFileSync(join(capture, 'cmdline.txt'), '/bin/shop\0-v')
  const runs = [
    await runSightline(['trust', ...parts, '--json']),
    await runSightline(['trust', zipped, '--json']),
    await runSightline(['trust', '-', '--json'], { stdin: readFileSync(zipped) }),
    await runSightline(['trust', capture, '--json']),
  ]
  for (const { stdout, code } of runs) {
    assert.equal(code, 0)
    assert.deepEqual(gradesOf(stdout), whole)
  }
})

test('a packed capture gives its spans and logs; one without spans says so', async () => {
  const text = readFileSync(join(root, 'testdata', 'captures', 'shop', 'manifest.json'), 'utf8')
  const manifest = { ...(JSON.parse(text) as CaptureManifest), requests: [] }
  const files = [
    { name: 'logs.ndjson', kind: 'logs', bytes: Buffer.from('{"level":"INFO","msg":"up","service.name":"cart"}\n') },
    { name: 'spans.otlp.json', kind: 'spans', bytes: readFileSync(brokenFile) },
  ] as const
  const packed = join(folder, 'shop.slc')
  assert.ok((await openCaptureWriter().writeCapture({ origin: 'test', manifest, files, issues: [] }, packed)).ok)
  const { code, stdout } = await runSightline(['trust', packed, '--json'])
  const { data, coverage } = JSON.parse(stdout)
  assert.deepEqual([code, data.spans, data.primitives.logRecords, coverage.asked], [0, 14_000, 1, 2])
  const without = await runSightline(['trust', join(root, 'testdata', 'captures', 'shop'), '--json'])
  const { error } = JSON.parse(without.stdout)
  assert.deepEqual([without.code, error.code], [65, 'SL_DECODE_NO_SPANS'])
})

test('spans that a user interface cut are less sure, and the report says why', async () => {
  const twice = [...good, ...good.slice(0, 420).map((span) => ({ ...span, durationNs: span.durationNs + 1e6 }))]
  const spans = JSON.parse(String(shopFormats['jaeger.json']?.(twice)))
  const path = join(folder, 'page.json')
  writeFileSync(path, JSON.stringify({ ...spans, total: 0, limit: 600, offset: 0, errors: null }))
  const whole = JSON.parse((await runSightline(['trust', write('twice', 'jaeger.json', twice), '--json'])).stdout)
  const page = JSON.parse((await runSightline(['trust', path, '--json'])).stdout)
  assert.equal(whole.findings[0].confidence, 'probable')
  assert.equal(page.findings[0].confidence, 'possible')
  assert.ok(page.issues.some(({ code }: { code: string }) => code === 'SL_OPS_SPANS_PARTIAL'))
})

test('logs given with the spans are told by their content, and counted for their service', async () => {
  const lines = good
    .filter(({ service, kind }) => service === 'cart' && kind === 'server')
    .map(({ traceId, startNs }, index) =>
      JSON.stringify({
        time: new Date(Number(startNs / 1_000_000n)).toISOString(),
        level: 'INFO',
        msg: 'priced',
        'service.name': 'cart',
        ...(index % 4 === 0 ? {} : { trace_id: traceId }),
      }),
    )
  const logs = join(folder, 'app.txt')
  writeFileSync(logs, `${lines.join('\n')}\n`)
  const { code, stdout } = await runSightline(['trust', goodFile, logs, '--json'])
  assert.equal(code, 0)
  const { data, coverage } = JSON.parse(stdout)
  assert.deepEqual([data.primitives.logRecords, data.primitives.logsWithoutTraceId], [600, 150])
  assert.deepEqual(coverage, { asked: 2, answered: 2, missing: [] })
  const alone = await runSightline(['trust', logs, '--json'])
  assert.deepEqual([alone.code, JSON.parse(alone.stdout).error.code], [65, 'SL_DECODE_NO_SPANS'])
})

test('--headers shows what an edge carries, and settles what spans leave open', async () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const b3 = '80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1'
  const lines = [
    { edge: { from: 'cart', to: 'price' }, direction: 'sent', headers: { B3: b3 } },
    { edge: { from: 'cart', to: 'price' }, direction: 'received', headers: { B3: [b3] } },
    { edge: { to: 'price' }, reads: ['tracecontext'] },
    { edge: { from: 'gateway', to: 'cart' }, direction: 'sent', headers: { Traceparent: traceparent } },
    { edge: { from: 'cart', to: 'nobody' }, direction: 'sent', headers: { traceparent } },
  ]
  const path = join(folder, 'headers.ndjson')
  writeFileSync(path, `${lines.map((line) => JSON.stringify(line)).join('\n')}\nnot json\n`)
  const { code, stdout } = await runSightline(['trust', brokenFile, '--headers', path, '--json'])
  assert.equal(code, 0)
  const { data, findings, issues } = JSON.parse(stdout)
  const carried = (to: string) => data.edges.find((edge: { to: string }) => edge.to === to).carries
  assert.deepEqual(carried('price'), [{ format: 'b3', share: 1 }])
  assert.deepEqual(carried('cart'), [{ format: 'tracecontext', share: 1 }])
  assert.equal(findings[0].rule, 'propagator-mismatch')
  assert.equal(findings[0].confidence, 'certain')
  const codes = issues.map((issue: { code: string }) => issue.code)
  assert.ok(codes.includes('SL_OPS_HEADERS_NOT_MATCHED') && codes.includes('SL_DECODE_MALFORMED'))
  assert.doesNotMatch(stdout, /4bf92f3577b34da6a3ce929d0e0e4736/)
  const missing = await runSightline(['trust', brokenFile, '--headers', join(folder, 'none'), '--json'])
  assert.equal(missing.code, 66)
  const other = await runSightline(['trust', brokenFile, '--headers', fewFile, '--json'])
  assert.deepEqual([other.code, JSON.parse(other.stdout).error.code], [65, 'SL_DECODE_UNKNOWN_FORMAT'])
})

test('what is no spans says what it is, and why nothing could be read', async () => {
  const cases: readonly (readonly [string | Uint8Array, number, string])[] = [
    ['', 65, 'SL_DECODE_EMPTY'],
    ['<!doctype html><html><body>Log in</body></html>', 65, 'SL_DECODE_HTML'],
    ['{"resourceSpans": []}', 65, 'SL_DECODE_NO_SPANS'],
    ['{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "', 65, 'SL_DECODE_NO_SPANS'],
    [readFileSync(join(root, 'testdata', 'captures', 'shop', 'goroutine.0.txt')), 65, 'SL_DECODE_UNKNOWN_FORMAT'],
    [readFileSync(join(root, 'testdata', 'captures', 'shop', 'trace.bin')), 65, 'SL_DECODE_UNKNOWN_FORMAT'],
    // An executable, of which only the beginning is looked at: nothing is said of what it was built by.
    [Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, ...new Uint8Array(200)), 65, 'SL_DECODE_UNKNOWN_FORMAT'],
  ]
  for (const [stdin, exit, expected] of cases) {
    const { code, stdout } = await runSightline(['trust', '-', '--json'], { stdin })
    const { ok, error } = JSON.parse(stdout)
    assert.deepEqual([code, ok, error.code], [exit, false, expected], String(stdin).slice(0, 40))
  }
  const none = await runSightline(['trust', join(folder, 'not-there.json'), '--json'])
  assert.deepEqual([none.code, JSON.parse(none.stdout).error.code], [66, 'SL_COLLECT_NO_INPUT'])
})

test('a file that is cut gives what stands before the cut, with a doubt', async () => {
  const path = join(folder, 'cut.gz')
  const zipped = gzipSync(readFileSync(brokenFile))
  writeFileSync(path, zipped.subarray(0, Math.floor(zipped.length / 2)))
  const { stdout } = await runSightline(['trust', path, '--json'])
  const { data, issues } = JSON.parse(stdout)
  assert.ok(data.spans > 0 && data.spans < 14_000)
  assert.ok(issues.some(({ code }: { code: string }) => code === 'SL_DECODE_TRUNCATED_GZIP'))
})

test('--html is one safe page, --markdown goes into a pull request, and neither says what names try to say', async () => {
  const hostile = '<script>alert(1)</script>|`[x](javascript:alert(2))\u001b[2J'
  const spans = broken.map((span) => ({ ...span, name: span.name === 'GET /price' ? hostile : span.name }))
  const file = write('hostile', 'otlp.json', spans)
  const page = join(folder, 'trust.html')
  const { code, stdout } = await runSightline(['trust', file, '--html', page, '--markdown'])
  assert.equal(code, 0)
  assert.match(stdout, /^### Trace trust: C\n/)
  const html = readFileSync(page, 'utf8')
  assert.match(html, /Content-Security-Policy" content="default-src &#39;none&#39;/)
  assert.ok(html.includes('&lt;script&gt;alert(1)') && stdout.includes('alert(1)'))
  assert.ok(!html.includes('<script') && !stdout.includes('<script'))
  assert.ok(!/(?<!\\)\]\(javascript:/.test(stdout), 'a link in Markdown')
  assert.ok(!html.includes('\u001b') && !stdout.includes('\u001b'))
  const terminal = await runSightline(['trust', file])
  assert.ok(!terminal.stdout.includes('\u001b'))
})

test('the terminal page says the verdict, what breaks, how many, why and what to do', async () => {
  const { stdout } = await runSightline(['trust', brokenFile], { env: { COLUMNS: '100' } })
  const lines = stdout.split('\n')
  // A command stays in one piece: it is copied.
  assert.ok(lines.every((line) => line.length <= 100 || /^ +sightline /.test(line)))
  assert.match(lines[2] ?? '', /^C {2}price breaks 6\.\d % of its traces; 1 of 4 services break any$/)
  for (const part of [
    /^What breaks$/m,
    / of 2,000 traces: 6\.\d % /,
    /^ {3}why /m,
    /^ {3}fix /m,
    /^ {3}look at +trace /m,
  ]) {
    assert.match(stdout, part)
  }
})
