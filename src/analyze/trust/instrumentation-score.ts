/**
 * The Instrumentation Score, spec-pure: rules, weights, formula and bands of instrumentation-score/spec v0.1 (draft,
 * rules as of 2026-04-09). Nothing of our own enters it; the trust verdict stands beside it.
 * Enters: a forest of spans and, where there are, log records. Leaves: a score per service over the rules that this
 * input can answer; the others are listed with the reason, and there is no band while any is.
 */
import type { LogTable, SpanResource, SpanTable } from '../../model/spans.ts'
import type { InstrumentationRule, InstrumentationScore } from '../../model/trust/trust-data.ts'
import { ORPHAN, ROOT, type SpanForest } from './forest.ts'

const weights = { Critical: 40, Important: 30, Normal: 20, Low: 10 } as const

/** rules/*.md of the spec, all of them. */
export const instrumentationRules: readonly Pick<InstrumentationRule, 'id' | 'impact'>[] = [
  { id: 'LOG-001', impact: 'Important' },
  { id: 'LOG-002', impact: 'Important' },
  { id: 'MET-001', impact: 'Important' },
  { id: 'MET-002', impact: 'Important' },
  { id: 'MET-003', impact: 'Important' },
  { id: 'MET-004', impact: 'Normal' },
  { id: 'MET-005', impact: 'Normal' },
  { id: 'MET-006', impact: 'Important' },
  { id: 'RES-001', impact: 'Normal' },
  { id: 'RES-002', impact: 'Important' },
  { id: 'RES-003', impact: 'Important' },
  { id: 'RES-004', impact: 'Important' },
  { id: 'RES-005', impact: 'Critical' },
  { id: 'SDK-001', impact: 'Low' },
  { id: 'SPA-001', impact: 'Normal' },
  { id: 'SPA-002', impact: 'Normal' },
  { id: 'SPA-003', impact: 'Important' },
  { id: 'SPA-004', impact: 'Important' },
  { id: 'SPA-005', impact: 'Important' },
]

/** SPA-001, SPA-005. */
const MAX_INTERNAL = 10
const MAX_SHORT = 20
const SHORT_NS = 5e6
const DAY_NS = 86_400e9
const INTERNAL = 1
const CLIENT = 3
/** Severity numbers of DEBUG to DEBUG4. */
const DEBUG = { least: 5, most: 8 }
/** Attributes of operations; on a resource they are at the wrong level. */
const spanLevel = /^(http|url|db|rpc|messaging)\./

type Answer = { readonly state: InstrumentationRule['state']; readonly why?: string }
const passed: Answer = { state: 'passed' }

function failed(why: string): Answer {
  return { state: 'failed', why }
}

function unanswered(why: string): Answer {
  return { state: 'not-answerable', why }
}

/** By service name. */
export function scoreInstrumentation(forest: SpanForest, logs?: LogTable): ReadonlyMap<string, InstrumentationScore> {
  const { spans } = forest
  const resources = new Map<string, SpanResource[]>()
  for (const resource of [...spans.resources, ...(logs?.resources ?? [])]) {
    const known = resources.get(resource.service)
    if (known === undefined) resources.set(resource.service, [resource])
    else known.push(resource)
  }
  const traced = countTraces(forest)
  const logged = logs === undefined ? new Map<string, LogCounts>() : countLogs(logs)
  const bare = findBareServices(spans)
  return new Map(
    [...resources].map(([service, own]) => [
      service,
      scoreService(own, traced.get(service), logged.get(service), bare.has(service)),
    ]),
  )
}

/** Services with spans in a format that has no resource but a name: what else it lacks, nobody can know. */
function findBareServices(spans: SpanTable): ReadonlySet<string> {
  const bare = new Set<string>()
  const isBare = spans.sources.map(({ format }) => format === 'zipkin-v2')
  if (!isBare.includes(true)) return bare
  for (let row = 0; row < spans.count; row++) {
    if (isBare[spans.sourceOf[row] as number] === true) bare.add(serviceOf(spans, row))
  }
  return bare
}

/** The formula of the spec over rules that are answered. */
export function scoreRules(rules: readonly InstrumentationRule[]): InstrumentationScore {
  const answered = rules.filter(({ state }) => state !== 'not-answerable')
  const total = answered.reduce((sum, { impact }) => sum + weights[impact], 0)
  const won = answered.reduce((sum, { impact, state }) => sum + (state === 'passed' ? weights[impact] : 0), 0)
  const score = total === 0 ? 0 : (won / total) * 100
  const complete = answered.length === rules.length
  return { score, complete, ...(complete ? { band: bandOf(score) } : {}), rules }
}

/** Bands are of whole numbers: 89.6 rounds to 90. */
function bandOf(score: number): NonNullable<InstrumentationScore['band']> {
  const whole = Math.round(score)
  if (whole >= 90) return 'Excellent'
  if (whole >= 75) return 'Good'
  return whole >= 50 ? 'Needs Improvement' : 'Poor'
}

function scoreService(
  resources: readonly SpanResource[],
  traces: TraceCounts | undefined,
  logs: LogCounts | undefined,
  isBare: boolean,
): InstrumentationScore {
  const noResource = unanswered('Zipkin has no resource attributes')
  const noMetrics = unanswered('no metrics in the input')
  const noSpans = unanswered('no spans of this service')
  const answers: Readonly<Record<string, Answer>> = {
    'LOG-001': judgeDebug(logs),
    'LOG-002':
      logs === undefined
        ? unanswered('no log records of this service')
        : judge(logs.unset === 0, `${logs.unset} of ${logs.records} log records have no severity`),
    'RES-001': isBare
      ? noResource
      : judgeEach(resources, ({ attributes }) => isSet(attributes['service.instance.id']), 'service.instance.id'),
    'RES-002': isBare ? noResource : judgeUnique(resources),
    'RES-003': isBare ? noResource : judgePods(resources),
    'RES-004': judgeLevels(resources),
    'RES-005': judgeEach(resources, ({ attributes }) => isName(attributes['service.name']), 'a service.name'),
    'SDK-001': unanswered('the supported versions of each SDK are not part of telemetry'),
    'SPA-001':
      traces === undefined
        ? noSpans
        : judge(traces.mostInternal <= MAX_INTERNAL, `${traces.mostInternal} INTERNAL spans in one trace`),
    'SPA-002': traces === undefined ? noSpans : judge(traces.orphans === 0, `${traces.orphans} orphan spans`),
    'SPA-003': unanswered('the spec does not give its criteria yet'),
    'SPA-004':
      traces === undefined ? noSpans : judge(traces.clientRoots === 0, `${traces.clientRoots} CLIENT root spans`),
    'SPA-005':
      traces === undefined
        ? noSpans
        : judge(traces.mostShort <= MAX_SHORT, `${traces.mostShort} spans below 5 ms in one trace`),
  }
  return scoreRules(instrumentationRules.map((rule) => ({ ...rule, ...(answers[rule.id] ?? noMetrics) })))
}

function judge(holds: boolean, why: string): Answer {
  return holds ? passed : failed(why)
}

function judgeEach(resources: readonly SpanResource[], has: (one: SpanResource) => boolean, what: string): Answer {
  const without = resources.filter((one) => !has(one)).length
  return judge(without === 0, `${without} of ${resources.length} resources without ${what}`)
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== ''
}

/** What tells logical resources apart, the finest first. */
const PLACE_KEYS = ['k8s.pod.uid', 'k8s.pod.name', 'host.id', 'host.name']

/** One instance id, two pods (or hosts, where there are no pods): compared by the finest key that any of them has. */
function judgeUnique(resources: readonly SpanResource[]): Answer {
  const byInstance = Map.groupBy(
    resources.filter(({ attributes }) => isSet(attributes['service.instance.id'])),
    ({ attributes }) => String(attributes['service.instance.id']),
  )
  for (const [instance, own] of byInstance) {
    const key = PLACE_KEYS.find((one) => own.some(({ attributes }) => isSet(attributes[one])))
    if (key === undefined) continue
    const places = new Set(own.flatMap(({ attributes }) => (isSet(attributes[key]) ? [String(attributes[key])] : [])))
    if (places.size > 1) return failed(`service.instance.id ${instance} has ${places.size} values of ${key}`)
  }
  return passed
}

function judgePods(resources: readonly SpanResource[]): Answer {
  const pods = resources.filter(({ attributes }) => Object.keys(attributes).some((key) => key.startsWith('k8s.')))
  const without = pods.filter(({ attributes }) => attributes['k8s.pod.uid'] === undefined).length
  return judge(without === 0, `${without} of ${pods.length} Kubernetes resources without k8s.pod.uid`)
}

function judgeLevels(resources: readonly SpanResource[]): Answer {
  const keys = resources.flatMap(({ attributes }) => Object.keys(attributes)).filter((key) => spanLevel.test(key))
  if (keys.length > 0) return failed(`${[...new Set(keys)].sort().join(', ')} on a resource`)
  return unanswered('not all attributes of spans and logs are kept')
}

/** Production is what `deployment.environment.name` says it is; debug records of other environments do not count. */
function judgeDebug(logs: LogCounts | undefined): Answer {
  if (logs === undefined) return unanswered('no log records of this service')
  if (logs.lastNs - logs.firstNs <= 14 * DAY_NS) return unanswered('less than 14 days of log records')
  const isLong = logs.lastDebugNs - logs.firstDebugNs > 14 * DAY_NS
  return judge(!isLong, 'debug records over more than 14 days in production')
}

function isProduction({ attributes }: SpanResource): boolean {
  return /^prod/i.test(String(attributes['deployment.environment.name'] ?? ''))
}

type TraceCounts = { mostInternal: number; mostShort: number; orphans: number; clientRoots: number }

function countTraces({ spans, traceStart, rows, parents }: SpanForest): ReadonlyMap<string, TraceCounts> {
  const counts = new Map<string, TraceCounts>()
  const internal = new Map<TraceCounts, number>()
  for (let trace = 0; trace < spans.traceCount; trace++) {
    let short = 0
    internal.clear()
    for (let at = traceStart[trace] as number; at < (traceStart[trace + 1] as number); at++) {
      const row = rows[at] as number
      const own = countsOf(counts, serviceOf(spans, row))
      internal.set(own, (internal.get(own) ?? 0) + (spans.kinds[row] === INTERNAL ? 1 : 0))
      if ((spans.endNs[row] as number) - (spans.startNs[row] as number) < SHORT_NS) short++
      if (parents[row] === ORPHAN) own.orphans++
      if (parents[row] === ROOT && spans.kinds[row] === CLIENT) own.clientRoots++
    }
    for (const [own, count] of internal) {
      own.mostInternal = Math.max(own.mostInternal, count)
      own.mostShort = Math.max(own.mostShort, short)
    }
  }
  return counts
}

function countsOf(counts: Map<string, TraceCounts>, service: string): TraceCounts {
  const known = counts.get(service)
  if (known !== undefined) return known
  const made = { mostInternal: 0, mostShort: 0, orphans: 0, clientRoots: 0 }
  counts.set(service, made)
  return made
}

function serviceOf(spans: SpanTable, row: number): string {
  return spans.resources[spans.resourceOf[row] as number]?.service ?? ''
}

type LogCounts = {
  records: number
  unset: number
  firstNs: number
  lastNs: number
  /** In production. */
  firstDebugNs: number
  lastDebugNs: number
}

function countLogs(logs: LogTable): Map<string, LogCounts> {
  const counts = new Map<string, LogCounts>()
  for (let row = 0; row < logs.count; row++) {
    const resource = logs.resources[logs.resourceOf[row] as number]
    const service = resource?.service ?? ''
    const time = logs.timeNs[row] as number
    let own = counts.get(service)
    if (own === undefined) {
      own = {
        records: 0,
        unset: 0,
        firstNs: time,
        lastNs: time,
        firstDebugNs: Number.POSITIVE_INFINITY,
        lastDebugNs: Number.NEGATIVE_INFINITY,
      }
      counts.set(service, own)
    }
    const severity = logs.severities[row] as number
    own.records++
    if (severity === 0) own.unset++
    own.firstNs = Math.min(own.firstNs, time)
    own.lastNs = Math.max(own.lastNs, time)
    if (severity < DEBUG.least || severity > DEBUG.most || resource === undefined || !isProduction(resource)) continue
    own.firstDebugNs = Math.min(own.firstDebugNs, time)
    own.lastDebugNs = Math.max(own.lastDebugNs, time)
  }
  return counts
}
