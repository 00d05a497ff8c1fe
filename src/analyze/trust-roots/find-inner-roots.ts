/**
 * Roots that no server or consumer made: INTERNAL, CLIENT and PRODUCER spans without a parent. Enters: the facts.
 * Leaves: one group per operation whose roots are more than an ordinary root of their own: the operation is otherwise a
 * child, or they lie within handlers of the same instance more than by chance. Roots with links are intended, and a
 * group of their own.
 */
import type { BreakGroup, InnerRootGroup, Lift } from '../trust/break-group.ts'
import { ROOT } from '../trust/forest.ts'
import {
  at,
  attributeText,
  CLIENT,
  CONSUMER,
  countTraces,
  hasLink,
  instanceOfRow,
  MIN_SIGHTINGS,
  nameOfOperation,
  SERVER,
  sampleRows,
  type TrustFacts,
  versionOf,
} from '../trust/trust-facts.ts'
import { isLifted, measureLift, median, type Windows } from '../trust/windows.ts'
import { type CallTargets, isSameTarget, nameTargets } from './call-targets.ts'
import { countUsual, describeApart, hasNoSteps, isMissed, isSerial, measurePeriod } from './root-habits.ts'
import {
  chanceBeside,
  collectHosts,
  collectSteps,
  findBeside,
  findHost,
  type HasOwn,
  hasOperation,
  pickHost,
} from './root-hosts.ts'
import { collectEnds, type HandlerEnds, measureAfter, measureTwins } from './root-triggers.ts'

const SAMPLE = 300
const CHILD_SHARE = 0.2
/** Where chance is high, fewer roots show nothing. */
const MIN_CROWDED = 100
/** Of the roots of an operation: they are all of one kind. */
const MOSTLY = 0.8
const frameworks =
  /otelgin|gin-gonic|otelecho|labstack|otelfiber|gofiber|otelchi|go-chi|otelbeego|beego|iris|hertz|kratos/i
const automatic = /opentelemetry\.io\/auto|go-instrumentation|\bobi\b|beyla|ebpf|\botelc\b/i

export function findInnerRoots(facts: TrustFacts): BreakGroup[] {
  const byOperation = new Map<number, number[]>()
  const { spans, forest, operations, taken } = facts
  for (let row = 0; row < spans.count; row++) {
    const kind = at(spans.kinds, row)
    if (kind === SERVER || kind === CONSUMER || forest.parents[row] !== ROOT || taken[row] === 1) continue
    if (hasLink(facts, row)) continue
    const operation = at(operations.of, row)
    const rows = byOperation.get(operation)
    if (rows === undefined) byOperation.set(operation, [row])
    else rows.push(row)
  }
  if (byOperation.size === 0) return []
  const around: Around = {
    hosts: collectHosts(facts),
    steps: collectSteps(facts),
    ends: collectEnds(facts),
    targets: nameTargets(facts, new Set(byOperation.keys())),
  }
  const firstHandled = findFirstHandled(facts)
  const groups: BreakGroup[] = []
  for (const [operation, rows] of byOperation) {
    const later = rows.filter((row) => at(spans.startNs, row) >= at(firstHandled, instanceOfRow(facts, row)))
    for (const group of describeTargets(facts, operation, later, around)) {
      for (const row of group.rows) taken[row] = 1
      groups.push(group)
    }
  }
  return groups
}

/** What roots are measured by: the handlers, their ends, and whom calls are for. */
type Around = {
  readonly hosts: readonly Windows[]
  readonly steps: readonly Windows[]
  readonly ends: readonly HandlerEnds[]
  readonly targets: CallTargets
}

/** One group, unless what is for several peers is not all of the same kind. */
function describeTargets(
  facts: TrustFacts,
  operation: number,
  rows: readonly number[],
  around: Around,
): InnerRootGroup[] {
  const byTarget = [...Map.groupBy(rows, (row) => around.targets.get(row)).values()]
  const whole = describeRoots(facts, operation, rows, around)
  const isOne = byTarget.length < 2 || (whole !== undefined && whole.beginsWithin.seen >= MOSTLY)
  if (isOne) return whole === undefined ? [] : [whole]
  const parts = byTarget.flatMap((own) => describeRoots(facts, operation, own, around) ?? [])
  return parts.length > 0 || whole === undefined ? parts : [whole]
}

/** When each instance began to handle requests: what it did before is its start, and no break. Never: all of it counts. */
function findFirstHandled(facts: TrustFacts): Float64Array {
  const { spans } = facts
  const first = new Float64Array(facts.instanceCount).fill(Number.POSITIVE_INFINITY)
  for (let row = 0; row < spans.count; row++) {
    const kind = at(spans.kinds, row)
    if (kind !== SERVER && kind !== CONSUMER) continue
    const instance = instanceOfRow(facts, row)
    first[instance] = Math.min(at(first, instance), at(spans.startNs, row))
  }
  return first.map((time) => (time === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : time))
}

function describeRoots(
  facts: TrustFacts,
  operation: number,
  rows: readonly number[],
  around: Around,
): InnerRootGroup | undefined {
  const { operations } = facts
  const own = operations.list[operation]
  if (own === undefined) return undefined
  if (rows.length < MIN_SIGHTINGS) return undefined
  const { hosts, ends, targets } = around
  const sample = sampleRows(rows, SAMPLE)
  const usual = countUsual(facts, operation, rows, targets)
  const usuallyChild = usual / Math.max(1, usual + rows.length)
  const isUsual = usual >= MIN_SIGHTINGS && usuallyChild >= CHILD_SHARE
  const typical = median(sample.map((row) => hosts[instanceOfRow(facts, row)]?.medianNs ?? 0))
  const measure = (isWhole: boolean, hasOwn: HasOwn): Lift =>
    measureLift(facts, sample, typical, (row, movedNs) => findHost(facts, hosts, row, movedNs, isWhole, hasOwn) >= 0)
  const lacks: HasOwn = (host, row) =>
    hasOperation(facts, host, operation, (child) => isSameTarget(targets, child, row))
  const lacked = measure(false, lacks)
  const periodic = measurePeriod(facts, rows)
  const next = measureAfter(facts, ends, sample, operation)
  // What keeps a period of its own is handed over by nobody, though some of it begins soon after a handler.
  const isByClock = periodic >= MOSTLY && next !== undefined && next.lift.seen < MOSTLY
  const after =
    (isByClock ? undefined : next) ??
    (isUsual && !isHeld(lacked) ? measureTwins(facts, sample, operation, at(facts.usualParent, operation)) : undefined)
  // A handler that makes the same call several times may have lost one of them.
  const any: HasOwn = () => false
  const hasOwn = usual > 0 && after === undefined && !isHeld(lacked) && isHeld(measure(false, any)) ? any : lacks
  const beginsWithin = hasOwn === lacks ? lacked : measure(false, any)
  const within = measure(true, hasOwn)
  const usualParent = at(facts.usualParent, operation)
  if (!isUsual && after === undefined && !isHeld(within) && !isHeld(beginsWithin)) return undefined
  const found = describeHosts(facts, hosts, sample, hasOwn)
  const affected = countTraces(facts, rows)
  const withinStep =
    own.kind === CLIENT && !isHeld(within) ? measureSteps(facts, around.steps, sample, lacks) : undefined
  const isApart = after === undefined && !isMissed(facts, operation, rows)
  const apart = isApart ? describeApart(own.name, rows.length, beginsWithin, periodic) : undefined
  const version = versionOf(facts, rows)
  return {
    shape: 'inner-root',
    service: own.service,
    operation: own.name,
    ...(version === undefined ? {} : { version }),
    rows: Uint32Array.from(rows),
    affected,
    crossed: countCrossed(facts, operation, affected, usualParent, found.topHost),
    kind: own.kind,
    within,
    beginsWithin,
    hosts: found.hosts,
    usuallyChild,
    ...(usualParent < 0 ? {} : { usualParent: nameOfOperation(facts, usualParent) }),
    besideSiblings: found.besideSiblings,
    besideByChance: found.besideByChance,
    periodic,
    ...(after === undefined ? {} : { after }),
    ...(withinStep === undefined ? {} : { withinStep }),
    ...(apart === undefined ? {} : { apart }),
    ...(found.framework === undefined ? {} : { framework: found.framework }),
    isAutomatic: isAutomatic(facts, at(facts.opService, operation), sample),
    isSerial: isSerial(facts, rows),
    hasNoSteps: hasNoSteps(facts, at(facts.opService, operation)),
  }
}

/** The step that holds the roots, nearly all and whole, far more than by chance. */
function measureSteps(
  facts: TrustFacts,
  steps: readonly Windows[],
  sample: readonly number[],
  lacks: HasOwn,
): InnerRootGroup['withinStep'] {
  const typical = median(sample.map((row) => steps[instanceOfRow(facts, row)]?.medianNs ?? 0))
  const find = (row: number, movedNs: number) => findHost(facts, steps, row, movedNs, true, lacks)
  const lift = measureLift(facts, sample, typical, (row, movedNs) => find(row, movedNs) >= 0)
  const held = sample.map((row) => find(row, 0)).filter((step) => step >= 0)
  const [first] = held
  if (first === undefined || lift.seen < MOSTLY || !isHeld(lift)) return undefined
  return { name: nameOfOperation(facts, at(facts.operations.of, first)), lift }
}

/** Traces of the operation, or of the handler that should have held it: those that could have broken. */
function countCrossed(facts: TrustFacts, operation: number, affected: number, parent: number, host: number): number {
  const sound = at(facts.opChildren, operation)
  if (sound > 0 || parent >= 0) return affected + sound
  return host < 0 ? affected : Math.max(affected, at(facts.opRows, host))
}

type HostFacts = {
  hosts: { name: string; share: number }[]
  topHost: number
  besideSiblings: number
  besideByChance: number
  framework?: string
}

function describeHosts(
  facts: TrustFacts,
  hosts: readonly Windows[],
  sample: readonly number[],
  hasOwn: HasOwn,
): HostFacts {
  const { operations } = facts
  const counts = new Map<number, number>()
  let held = 0
  let beside = 0
  let expected = 0
  let framework: string | undefined
  for (const row of sample) {
    const host = pickHost(facts, hosts, row, hasOwn)
    if (host < 0) continue
    held++
    const own = at(operations.of, host)
    counts.set(own, (counts.get(own) ?? 0) + 1)
    const scope = scopeOf(facts, host)
    if (frameworks.test(scope)) framework = scope
    const { overlaps, holder } = findBeside(facts, host, row)
    if (overlaps) beside++
    expected += chanceBeside(facts, holder, row)
  }
  const ranked = [...counts].sort((left, right) => right[1] - left[1])
  return {
    hosts: ranked
      .slice(0, 5)
      .map(([host, count]) => ({ name: nameOfOperation(facts, host), share: count / Math.max(1, sample.length) })),
    topHost: ranked[0]?.[0] ?? -1,
    besideSiblings: held === 0 ? 0 : beside / held,
    besideByChance: held === 0 ? 0 : expected / held,
    ...(framework === undefined ? {} : { framework }),
  }
}

/** Zipkin's spans have no place for it but their tags. */
function scopeOf(facts: TrustFacts, row: number): string {
  const own = facts.spans.scopes[at(facts.spans.scopeOf, row)]?.name
  if (own !== undefined && own !== '') return own
  return attributeText(facts, row, 'otel.scope.name') ?? attributeText(facts, row, 'otel.library.name') ?? ''
}

function isAutomatic(facts: TrustFacts, service: number, sample: readonly number[]): boolean {
  const { spans, services } = facts
  if (sample.every((row) => automatic.test(scopeOf(facts, row)))) return true
  const name = services[service]
  const own = spans.resources.filter((resource) => resource.service === name)
  return (
    own.length > 0 &&
    own.every(({ attributes }) =>
      automatic.test(`${attributes['telemetry.distro.name'] ?? ''} ${attributes['telemetry.sdk.name'] ?? ''}`.trim()),
    )
  )
}

/** Lifted; or, where handlers run nearly always, hardly any root lies outside although by chance several would. */
export function isHeld(lift: Lift): boolean {
  if (isLifted(lift, 0.3)) return true
  return lift.sample >= MIN_CROWDED && 1 - lift.seen <= 0.2 * (1 - lift.chance) && isLifted(lift, 0.03)
}

export function isSynchronous({ within, beginsWithin, besideSiblings }: InnerRootGroup): boolean {
  return beginsWithin.seen > 0 && within.seen >= 0.9 * beginsWithin.seen && besideSiblings < 0.2
}

/** More than a few go on when the handler that they began in has ended. */
export function outlives({ within, beginsWithin }: InnerRootGroup): boolean {
  return within.seen < 0.9 * beginsWithin.seen
}

/** Anywhere in the handler it would often have met another call; it never does: they take turns. */
export function takesTurns({ besideSiblings, besideByChance, within }: InnerRootGroup): boolean {
  const expected = besideByChance * within.seen * within.sample
  return expected >= MIN_SIGHTINGS && besideSiblings <= 0.1 * besideByChance
}

export function isCallRoot(group: InnerRootGroup): boolean {
  return group.kind === CLIENT
}

export function describeLift(group: InnerRootGroup): string {
  if (group.after !== undefined && !isHeld(group.beginsWithin)) {
    const { name, lift, withinNs } = group.after
    return `${Math.round(lift.seen * lift.sample)} of ${lift.sample} roots ${group.operation} begin within ${Math.ceil(withinNs / 1e3)} us of the end of a span of a handler (${name}); by chance ${Math.round(lift.chance * 100)} %`
  }
  const lift: Lift = isLifted(group.within) ? group.within : group.beginsWithin
  const host = group.hosts[0]?.name
  const count = Math.round(lift.seen * lift.sample)
  const where = host === undefined ? '' : ` of ${group.service} (${host})`
  return `${count} of ${lift.sample} roots ${group.operation} lie within a handler${where}; by chance ${Math.round(lift.chance * 100)} %`
}
