/** The public shape of `trust --json` and `audit --json`, key by key, held against what the program really prints. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runSightline } from './samples/run-sightline.ts'

type Shape = string | readonly [Shape] | { readonly [key: string]: Shape }

/** A key that ends in `?` may be absent. `a|b` is one of these words; `[lo, hi]` two numbers in order. */
const finding: Shape = {
  rule: 'text',
  title: 'text',
  severity: 'critical|high|medium|low|info',
  confidence: 'certain|probable|possible',
  subject: { service: 'text', 'version?': 'text', 'instance?': 'text' },
  evidence: [
    {
      lens: 'text',
      source: 'text',
      'at?': 'text',
      'excerpt?': 'text',
      'file?': 'text',
      'line?': 'number',
      'column?': 'number',
      'function?': 'text',
      'starts?': ['text'],
      'operations?': ['text'],
    },
  ],
  blindTo: ['text'],
  cost: 'object',
  fix: { summary: 'text', 'doc?': 'text' },
  fingerprint: 'text',
}
const issue: Shape = { code: 'text', message: 'text', severity: 'text', 'at?': 'object', count: 'number' }
const envelope = (data: Shape): Shape => ({
  schema: 'text',
  ok: 'boolean',
  data,
  findings: [finding],
  issues: [issue],
  coverage: { asked: 'number', answered: 'number', missing: ['object'] },
  error: 'null',
})
const programs: Shape = [
  {
    importPath: 'text',
    directory: 'text',
    packages: ['text'],
    services: [{ name: 'text', file: 'text', line: 'number' }],
  },
]

const trust: Shape = {
  'window?': { startTime: 'time', endTime: 'time', durationNs: 'number' },
  settleWindowNs: 'number',
  spans: 'number',
  traces: 'number',
  services: [
    {
      service: 'text',
      grade: 'A|B|C|D|E|F|insufficient',
      traces: 'number',
      spans: 'number',
      'breakRate?': 'share',
      'interval?': '[lo, hi]',
      'cappedBy?': 'text',
      'logsWithoutTraceIdRatio?': 'share',
      breaks: [
        {
          'class?': 'text',
          alternatives: ['text'],
          state: 'lost|unexplained|pending|exonerated',
          'exoneratedBy?': 'text',
          'edge?': { from: 'text', to: 'text' },
          operation: 'text',
          'version?': 'text',
          count: 'number',
          traces: 'number',
          rate: 'share',
          interval: '[lo, hi]',
          confidence: 'certain|probable|possible',
          'affectedTracesPerDay?': 'number',
          decidedBy: ['headers|source|sdk-metrics|logs|runtime'],
          why: 'text',
          'source?': {
            file: 'text',
            line: 'number',
            'column?': 'number',
            'function?': 'text',
            'excerpt?': 'text',
            tie: 'function|span|log line|route|process',
            by: 'text',
          },
          'fingerprint?': 'text',
          examples: [{ traceId: 'text', spanId: 'text' }],
        },
      ],
      instrumentationScore: {
        score: 'number',
        'band?': 'Excellent|Good|Needs Improvement|Poor',
        complete: 'boolean',
        rules: [
          {
            id: 'text',
            impact: 'Critical|Important|Normal|Low',
            state: 'passed|failed|not-answerable',
            'why?': 'text',
          },
        ],
      },
    },
  ],
  edges: [
    {
      from: 'text',
      to: 'text',
      traces: 'number',
      brokenTraces: 'number',
      breakRate: 'share',
      interval: '[lo, hi]',
      grade: 'A|B|C|D|E|F|insufficient',
      'carries?': [{ format: 'text', share: 'share' }],
    },
  ],
  skew: [{ from: 'text', to: 'text', offsetNs: 'number', interval: '[lo, hi]', pairs: 'number' }],
  primitives: 'object',
  'sources?': [
    {
      name: 'text',
      kind: 'directory|report',
      tier: 'a|b',
      findings: 'number',
      usable: 'number',
      services: ['text'],
      programs: [{ importPath: 'text', services: ['text'], 'by?': 'text' }],
    },
  ],
  omitted: 'object',
}

const audit: Shape = {
  directory: 'text',
  tier: 'a|b',
  modules: [{ path: 'text', directory: 'text', 'goVersion?': 'text' }],
  packages: 'number',
  programs,
  spanNames: ['text'],
  files: 'object',
  rules: [{ rule: 'text', findings: 'number' }],
  ignored: { findings: 'number', comments: ['object'] },
  fixes: { available: 'number', applied: 'number', files: ['text'] },
  'typing?': 'object',
  'imported?': 'object',
  'seen?': {
    services: ['text'],
    confirmedBySpans: 'number',
    confirmedByRuntime: 'number',
    mayBe: 'number',
    notSeen: 'number',
    notReached: 'number',
    notCompared: 'number',
  },
  durationMs: 'number',
}

/** Where a value is not of its shape: nothing missing, nothing that the shape does not have. */
function differ(value: unknown, shape: Shape, at: string): string[] {
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${at}: no list`]
    return value.flatMap((one, index) => differ(one, shape[0] as Shape, `${at}[${index}]`))
  }
  if (typeof shape === 'object') {
    if (typeof value !== 'object' || value === null) return [`${at}: no object`]
    const own = value as Record<string, unknown>
    const wanted = Object.entries(shape)
    const names = new Set(wanted.map(([key]) => key.replace(/\?$/, '')))
    return [
      ...Object.keys(own).flatMap((key) => (names.has(key) ? [] : [`${at}.${key}: not in the contract`])),
      ...wanted.flatMap(([key, inner]) => {
        const name = key.replace(/\?$/, '')
        if (name in own) return differ(own[name], inner, `${at}.${name}`)
        return key.endsWith('?') ? [] : [`${at}.${name}: missing`]
      }),
    ]
  }
  return isOf(value, shape as string) ? [] : [`${at}: ${JSON.stringify(value)} is no ${String(shape)}`]
}

function isOf(value: unknown, shape: string): boolean {
  if (shape === 'text') return typeof value === 'string'
  if (shape === 'number') return typeof value === 'number' && Number.isFinite(value)
  if (shape === 'share') return typeof value === 'number' && value >= 0 && value <= 1
  if (shape === 'boolean') return typeof value === 'boolean'
  if (shape === 'null') return value === null
  if (shape === 'object') return typeof value === 'object' && value !== null
  if (shape === 'time') return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(value)
  if (shape === '[lo, hi]') {
    const [low, high] = Array.isArray(value) ? (value as unknown[]) : []
    return typeof low === 'number' && typeof high === 'number' && low <= high
  }
  return typeof value === 'string' && shape.split('|').includes(value)
}

const real = (name: string): string => join('testdata', 'spans', 'real', name)
const settled = ['--settle', '0s', '--json']

test('trust --json is as the contract says, with breaks, logs, source and header facts', async () => {
  const runs = [
    ['trust', real('none.spans.pb.gz'), real('none.logs.pb.gz')],
    ['trust', real('background-context.spans.pb.gz'), '--source', 'programs/trust'],
    ['trust', real('no-propagator.spans.pb.gz')],
    ['trust', real('log-without-context.spans.pb.gz'), real('log-without-context.logs.pb.gz')],
  ]
  const seen = new Set<string>()
  for (const args of runs) {
    const { stdout, code } = await runSightline([...args, ...settled])
    const value = JSON.parse(stdout)
    assert.deepEqual(differ(value, envelope(trust), 'trust').slice(0, 10), [], args.join(' '))
    assert.equal(value.schema, 'sightline.trust/v1')
    // Recordings of few traces: no grade, which is no pass.
    const isGraded = value.data.services.some(({ grade }: { grade: string }) => grade !== 'insufficient')
    assert.equal(code, isGraded ? 0 : 2)
    for (const { state } of value.data.services.flatMap(({ breaks }: { breaks: unknown[] }) => breaks)) seen.add(state)
  }
  assert.ok(seen.has('lost') && seen.has('unexplained'), [...seen].join())
})

test('audit --json is as the contract says, alone and with what ran; findings fail nothing by themselves', async () => {
  const alone = ['audit', 'programs/trust', '--tier', 'a']
  for (const args of [alone, [...alone, '--spans', real('background-context.spans.pb.gz'), '--settle', '0s']]) {
    const { stdout, code } = await runSightline([...args, '--json'])
    const value = JSON.parse(stdout)
    assert.deepEqual(differ(value, envelope(audit), 'audit').slice(0, 10), [], args.join(' '))
    assert.deepEqual([value.schema, code], ['sightline.audit/v1', 0])
    for (const { evidence } of value.findings) assert.ok(evidence[0].file && evidence[0].line && evidence[0].column)
  }
  const failing = await runSightline([...alone, '--fail-on', 'medium', '--json'])
  assert.equal(failing.code, 1)
})

test('a shape that is not kept is told', () => {
  assert.deepEqual(differ({ score: 1, rules: [] }, { score: 'number', rules: ['text'], complete: 'boolean' }, 'x'), [
    'x.complete: missing',
  ])
  assert.deepEqual(differ({ rate: 2, more: 1 }, { rate: 'share' }, 'x'), [
    'x.more: not in the contract',
    'x.rate: 2 is no share',
  ])
})
