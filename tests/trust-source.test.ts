/**
 * Spans and source joined, both ways, on real things: programs/trust has every fault in its source at once, switched off
 * by flags that no audit can see; the recordings of its services have one of them switched on each.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Envelope, Finding } from '../src/model/contract.ts'
import type { AuditData } from '../src/model/trust/audit-data.ts'
import type { TrustBreak, TrustData } from '../src/model/trust/trust-data.ts'
import { runSightline } from './samples/run-sightline.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-trust-source-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const PROGRAM = 'programs/trust'
const recording = (name: string): string => join('testdata', 'spans', 'real', `${name}.spans.pb.gz`)
const auditFile = join(folder, 'audit.json')

async function run<Data>(args: readonly string[]): Promise<Envelope<Data> & { readonly code: number | null }> {
  const { code, stdout, stderr } = await runSightline([...args, '--json'])
  assert.notEqual(stdout, '', stderr)
  return { ...(JSON.parse(stdout) as Envelope<Data>), code }
}

const audited = run<AuditData>(['audit', PROGRAM, '--tier', 'a'])
const writtenAudit = audited.then((audit) => writeFileSync(auditFile, JSON.stringify(audit)))

const breaksOf = ({ services }: TrustData): readonly TrustBreak[] => services.flatMap(({ breaks }) => breaks)

/** What is switched on in a recording, and the function of programs/trust that has it. */
const causes: readonly (readonly [name: string, source: string])[] = [
  ['goroutine-without-context', 'main.(*gateway).checkout'],
  ['background-context', 'main.(*cart).items'],
  ['request-without-context', 'main.(*cart).fetchRates'],
  ['framework-context', 'main.(*cart).show'],
  ['borrowed-span-ended', 'main.(*cart).validate'],
  ['span-never-ended', 'main.(*stock).Reserve'],
  ['context-overwritten', 'main.(*gateway).checkLines'],
  ['uninstrumented-client', 'main.(*gateway).fetchCart'],
]

for (const [name, source] of causes) {
  test(`${name}: of all faults in the source, the one that runs is certain, from the spans and from the source`, async () => {
    await writtenAudit
    const { data } = await run<TrustData>(['trust', recording(name), '--settle', '0s', '--audit', auditFile])
    const certain = breaksOf(data).filter((one) => one.source !== undefined && one.confidence === 'certain')
    assert.deepEqual(
      [...new Set(certain.map((one) => `${one.class} ${one.state} ${one.source?.function}`))],
      [`${name} lost ${source}`],
    )
    const confirmed = await run<AuditData>([
      'audit',
      PROGRAM,
      '--tier',
      'a',
      '--spans',
      recording(name),
      '--settle',
      '0s',
    ])
    const sure = confirmed.findings.filter(({ confidence }) => confidence === 'certain')
    assert.deepEqual([...new Set(sure.map(({ rule }) => rule))], [name])
    assert.equal(sure[0]?.evidence[0].function, source)
    assert.match(sure[0]?.evidence.at(-1)?.excerpt ?? '', /^\d+ of \d+ traces/)
    // Nothing is dropped, and a finding keeps its fingerprint.
    const prints = (findings: readonly Finding[]) => findings.map(({ fingerprint }) => fingerprint).sort()
    assert.deepEqual(prints(confirmed.findings), prints((await audited).findings))
  })
}

test('with all off nothing is certain, and what traces pass without a break is said', async () => {
  const { data, findings } = await run<AuditData>([
    'audit',
    PROGRAM,
    '--tier',
    'a',
    '--spans',
    recording('none'),
    '--settle',
    '0s',
  ])
  assert.deepEqual(
    findings.filter(({ confidence }) => confidence === 'certain').map(({ rule }) => rule),
    [],
  )
  assert.deepEqual([data.seen?.confirmedBySpans, data.seen?.mayBe], [0, 0])
  assert.ok((data.seen?.notSeen ?? 0) > 5)
  const [borrowed] = findings.filter(({ rule }) => rule === 'borrowed-span-ended')
  assert.match(borrowed?.evidence.at(-1)?.excerpt ?? '', /^not seen in \d+ traces with .*GET \/cart\/:id/)
})

test('what is a fault of a whole process explains a break only where the source is said to be that service', async () => {
  await writtenAudit
  const judge = async (flag: string): Promise<readonly (string | undefined)[]> => {
    const { data } = await run<TrustData>(['trust', recording('no-flush'), '--settle', '0s', '--audit', flag])
    return breaksOf(data).map((one) => one.source?.tie)
  }
  assert.ok(!(await judge(auditFile)).includes('process'))
  const shared = await run<TrustData>(['trust', recording('none'), '--settle', '0s', '--audit', auditFile])
  assert.ok(shared.issues.some(({ code }) => code === 'SL_OPS_SOURCE_SHARED'))
})

test('source that is no service of the spans is said to be nobody’s, and explains nothing', async () => {
  const file = join(folder, 'renamed.json')
  const { data, ...rest } = await audited
  const text = JSON.stringify({ ...rest, data }).replaceAll('sightline.example/trust', 'example.com/other')
  writeFileSync(file, text)
  const { data: trust, issues } = await run<TrustData>([
    'trust',
    recording('background-context'),
    '--settle',
    '0s',
    '--audit',
    file,
  ])
  assert.ok(issues.some(({ code }) => code === 'SL_OPS_SOURCE_NOT_MATCHED'))
  assert.deepEqual(
    breaksOf(trust).filter(({ source }) => source !== undefined),
    [],
  )
  assert.equal(trust.sources?.[0]?.usable, 0)
})

test('wrong input is told with a code and a hint', async () => {
  await writtenAudit
  const spans = recording('none')
  const other = join(folder, 'other.json')
  writeFileSync(other, '{"runs": [], "version": "2.1.0"}')
  const cases: readonly (readonly [args: readonly string[], code: number, name: string])[] = [
    [['trust', spans, '--source', 'no/such/folder'], 66, 'SL_OPS_NO_SUCH_DIRECTORY'],
    [['trust', spans, '--source', 'docs'], 65, 'SL_OPS_NO_GO'],
    [['trust', spans, '--audit', `${auditFile}=nobody`], 65, 'SL_OPS_NO_SERVICE'],
    [['trust', spans, '--audit', other], 65, 'SL_OPS_NOT_AN_AUDIT'],
    [['trust', spans, '--audit', 'missing.json'], 66, 'SL_COLLECT_NO_INPUT'],
    [['trust', spans, '--source', `${PROGRAM}=`], 64, 'SL_CLI_USAGE'],
    [['audit', PROGRAM, '--service', 'cart'], 64, 'SL_CLI_USAGE'],
    [['audit', PROGRAM, '--tier', 'a', '--spans', 'missing.pb'], 66, 'SL_COLLECT_NO_INPUT'],
    [['audit', PROGRAM, '--tier', 'a', '--spans', spans, '--service', 'nobody'], 65, 'SL_OPS_NO_SERVICE'],
    [['audit', PROGRAM, '--tier', 'a', '--trace', 'missing.bin'], 66, 'SL_COLLECT_NO_INPUT'],
    [['audit', PROGRAM, '--tier', 'a', '--trace', 'README.md'], 65, 'SL_OPS_NO_RUNTIME'],
  ]
  for (const [args, wanted, name] of cases) {
    const { code, ok, error } = await run<unknown>(args)
    assert.deepEqual([code, ok, error?.code], [wanted, false, name], args.join(' '))
    assert.notEqual(error?.hint, '', args.join(' '))
  }
})
