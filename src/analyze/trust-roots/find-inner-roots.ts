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
import { chanceBeside, collectHosts, findBeside, findHost, pickHost } from './root-hosts.ts'
import { collectEnds, type HandlerEnds, measureAfter, measureTwins } from './root-triggers.ts'

const SAMPLE = 300
const CHILD_SHARE = 0.2
/** Where chance is high, fewer roots show nothing. */
const MIN_CROWDED = 100
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
  const hosts = collectHosts(facts)
  const firstHandled = findFirstHandled(facts)
  const ends = collectEnds(facts)
  const groups: BreakGroup[] = []
  for (const [operation, rows] of byOperation) {
    const later = rows.filter((row) => at(spans.startNs, row) >= at(firstHandled, instanceOfRow(facts, row)))
    const group = describeRoots(facts, operation, later, hosts, ends)
    if (group === undefined) continue
    for (const row of group.rows) taken[row] = 1
    groups.push(group)
  }
  return groups
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
  hosts: readonly Windows[],
  ends: readonly HandlerEnds[],
): InnerRootGroup | undefined {
  const { operations } = facts
  const own = operations.list[operation]
  if (own === undefined) return undefined
  if (rows.length < MIN_SIGHTINGS) return undefined
  const children = at(facts.opChildren, operation)
  const usuallyChild = children / Math.max(1, at(facts.opRows, operation))
  const isUsual = children >= MIN_SIGHTINGS && usuallyChild >= CHILD_SHARE
  const sample = sampleRows(rows, SAMPLE)
  const typical = median(sample.map((row) => hosts[instanceOfRow(facts, row)]?.medianNs ?? 0))
  const holds =
    (isWhole: boolean) =>
    (row: number, movedNs: number): boolean =>
      findHost(facts, hosts, row, movedNs, isWhole, operation) >= 0
  const within = measureLift(facts, sample, typical, holds(true))
  const beginsWithin = measureLift(facts, sample, typical, holds(false))
  const usualParent = at(facts.usualParent, operation)
  const after =
    measureAfter(facts, ends, sample, operation) ??
    (isUsual && !isHeld(beginsWithin) ? measureTwins(facts, sample, operation, usualParent) : undefined)
  if (!isUsual && after === undefined && !isHeld(within) && !isHeld(beginsWithin)) return undefined
  const found = describeHosts(facts, hosts, sample, operation)
  const affected = countTraces(facts, rows)
  const periodic = measurePeriod(facts, rows)
  const apart = after === undefined ? describeApart(own.name, rows.length, beginsWithin, periodic) : undefined
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
    ...(apart === undefined ? {} : { apart }),
    ...(found.framework === undefined ? {} : { framework: found.framework }),
    isAutomatic: isAutomatic(facts, at(facts.opService, operation), sample),
    isSerial: isSerial(facts, rows),
  }
}

/** Roots that handlers hold no oftener than chance would, where more could have been seen: they run by themselves. */
function describeApart(
  name: string,
  count: number,
  { seen, chance, sample }: Lift,
  periodic: number,
): InnerRootGroup['apart'] {
  const isPeriodic = periodic >= 0.8 && seen <= chance + 0.15
  if (sample < MIN_SIGHTINGS || (chance > 0.5 && !isPeriodic) || seen > chance + 0.15) return undefined
  const held = `${count} roots ${name} lie within handlers as often as by chance (${Math.round(seen * 100)} and ${Math.round(chance * 100)} %)`
  if (isPeriodic) return { by: 'scheduled root', why: `${held}, and begin at a steady period` }
  return { by: 'intended root', why: held }
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
  operation: number,
): HostFacts {
  const { spans, operations } = facts
  const counts = new Map<number, number>()
  let held = 0
  let beside = 0
  let expected = 0
  let framework: string | undefined
  for (const row of sample) {
    const host = pickHost(facts, hosts, row, operation)
    if (host < 0) continue
    held++
    const own = at(operations.of, host)
    counts.set(own, (counts.get(own) ?? 0) + 1)
    const scope = spans.scopes[at(spans.scopeOf, host)]?.name ?? ''
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

/** Share of the gaps between starts, per instance, that are within 5 % of a multiple (up to three) of the median gap. */
function measurePeriod(facts: TrustFacts, rows: readonly number[]): number {
  const byInstance = new Map<number, number[]>()
  for (const row of rows) {
    const instance = instanceOfRow(facts, row)
    const times = byInstance.get(instance) ?? []
    byInstance.set(instance, times)
    times.push(at(facts.spans.startNs, row))
  }
  let regular = 0
  let gaps = 0
  for (const times of byInstance.values()) {
    if (times.length < 4) continue
    times.sort((left, right) => left - right)
    const steps = times.slice(1).map((time, index) => time - at(times, index))
    const period = median(steps)
    if (period <= 0) continue
    for (const step of steps) {
      gaps++
      const turns = Math.round(step / period)
      if (turns >= 1 && turns <= 3 && Math.abs(step - turns * period) <= 0.05 * period) regular++
    }
  }
  return gaps < 4 ? 0 : regular / gaps
}

/** No two at once on an instance, where as many at random would have met at least three times. */
function isSerial(facts: TrustFacts, rows: readonly number[]): boolean {
  const { spans, firstNs, lastNs } = facts
  const byInstance = new Map<number, number[]>()
  for (const row of rows) {
    const instance = instanceOfRow(facts, row)
    const list = byInstance.get(instance) ?? []
    byInstance.set(instance, list)
    list.push(row)
  }
  let expected = 0
  let met = 0
  for (const list of byInstance.values()) {
    list.sort((left, right) => at(spans.startNs, left) - at(spans.startNs, right))
    let last = Number.NEGATIVE_INFINITY
    let busy = 0
    for (const row of list) {
      if (at(spans.startNs, row) < last) met++
      last = Math.max(last, at(spans.endNs, row))
      busy += at(spans.endNs, row) - at(spans.startNs, row)
    }
    expected += (list.length * busy) / Math.max(1, lastNs - firstNs)
  }
  return met === 0 && expected >= 3
}

function isAutomatic({ spans, services }: TrustFacts, service: number, sample: readonly number[]): boolean {
  if (sample.every((row) => automatic.test(spans.scopes[at(spans.scopeOf, row)]?.name ?? ''))) return true
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
