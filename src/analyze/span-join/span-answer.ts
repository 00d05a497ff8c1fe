/**
 * From the probe of a goal to the answer: states that add up to the span's length, waits by reason and stack, what ended
 * the longest of them, goroutines made under it, the critical path, and what is not explained.
 * Nothing is guessed: on rung 4 there is no goroutine, only candidates; time that the trace does not explain is told
 * with its reason, and is no part of `explainedRatio`.
 */
import type {
  SpanAnswer,
  SpanCandidate,
  SpanCreatedGroup,
  SpanCreatedRow,
  SpanPathStep,
  SpanStack,
  SpanStates,
  SpanStay,
  SpanWaitRow,
  SpanWaker,
} from '../../model/span-join.ts'
import type { TraceTables } from '../../model/trace.ts'
import type { StateTimes } from '../../model/trace-account.ts'
import { findUserDepth } from '../groups/primitives.ts'
import { classifyStay, type StayClass } from '../trace/blind-share.ts'
import { findCriticalPath, type PathSegment } from '../trace/critical-path.ts'
import type { SpanGoal } from './pick-span.ts'
import { addStates } from './sightings.ts'
import { confidenceOf, describeSighting, doubtTimes } from './span-join.ts'
import {
  BINS,
  type ProbedGoroutine,
  type ProbedSite,
  type ProbedStay,
  type SpanProbe,
  stateNames,
} from './span-probe.ts'
import { RUNNABLE, RUNNING, SYSCALL, UNKNOWN, WAITING } from './stay-tracker.ts'

const MAX_WAITS = 40
const MAX_GROUPS = 50
const MAX_GOROUTINES = 100
const MAX_STEPS = 200
const MAX_CHAINS = 5
const MAX_CHAIN_STEPS = 40
const MAX_CANDIDATES = 10
const MAX_FRAMES = 64

type Words = {
  stackOf(stack: number): SpanStack
  nameOf(string: number): string
  classOf(stay: { readonly code: number; readonly stack: number }): StayClass
}

export function describeSpan(goal: SpanGoal, probe: SpanProbe, tables: TraceTables, goVersion?: string): SpanAnswer {
  const words = openWords(tables, goVersion)
  const base = describeGoal(goal)
  const { own } = probe
  const omitted = Object.fromEntries(Object.entries(probe.omitted).filter(([, count]) => count > 0))
  if (own === undefined) {
    return {
      ...base,
      candidates: [...base.candidates, ...listCandidates(probe, words)],
      unexplained: [{ ns: goal.endNs - goal.startNs, why: 'no goroutine of the trace is known to be this span’s' }],
      waits: [],
      longest: [],
      path: [],
      regions: [],
      logs: [],
      omitted,
    }
  }
  const durationNs = goal.endNs - goal.startNs
  const states = statesOf(own, durationNs, probe.goneAtNs)
  const unexplained = listUnexplained(states, probe, goal, words)
  const unexplainedNs = unexplained.reduce((sum, { ns }) => sum + ns, 0)
  const waits = mergeWaits(probe.sites, words)
  const path = findPath(goal, probe, tables)
  const handedOver = goal.endGoroutine === undefined ? [] : [sayHandOver(goal)]
  return {
    ...base,
    doubts: [...base.doubts, ...handedOver],
    goroutine: own.id,
    ...(own.start === 0 ? {} : { startFunction: words.nameOf(own.start) }),
    states,
    sumNs: addStates(states),
    assistNs: probe.assistNs,
    stoppedNs: probe.stoppedNs,
    explainedRatio: durationNs > 0 ? Math.max(0, (durationNs - unexplainedNs) / durationNs) : 1,
    unexplained,
    ...(durationNs > 0 ? { bar: describeBar(probe.bins, durationNs) } : {}),
    waits: waits.slice(0, MAX_WAITS),
    longest: probe.longest.map((stay, rank) => describeStay(stay, own.id, rank, probe, tables, words)),
    created: describeCreated(probe.made, words),
    path: path.slice(-MAX_STEPS).map((step) => describeStep(step, probe, words)),
    ...(path.length > MAX_STEPS || !probe.history.complete ? { pathCut: true } : {}),
    regions: probe.regions.map(({ name, goroutine, startNs, endNs, open }) => ({
      name,
      goroutine,
      startNs,
      ns: endNs - startNs,
      open,
    })),
    logs: probe.logs,
    omitted: { ...omitted, ...(waits.length > MAX_WAITS ? { waits: waits.length - MAX_WAITS } : {}) },
  }
}

type Base = Omit<SpanAnswer, 'unexplained' | 'waits' | 'longest' | 'path' | 'regions' | 'logs' | 'omitted'>

function describeGoal(goal: SpanGoal): Base {
  const { asked, kind, name, rung, sighting, match, startNs, endNs, sameName, candidates, clockErrorNs } = goal
  const file = match?.span
  const error = clockErrorNs ?? 0
  const more = [...goal.doubts, ...(match === undefined ? [] : doubtTimes(match, error))]
  const seen = sighting === undefined ? undefined : describeSighting(sighting, confidenceOf(sighting), more)
  const traceId = file?.traceId ?? seen?.traceId
  const spanId = file?.spanId ?? seen?.spanId
  return {
    asked,
    kind,
    name: name === '' ? (seen?.name ?? '') : name,
    ...(traceId === undefined ? {} : { traceId }),
    ...(spanId === undefined ? {} : { spanId }),
    ...(file?.parentSpanId === undefined ? {} : { parentSpanId: file.parentSpanId }),
    ...(file?.service === undefined ? {} : { service: file.service }),
    ...(seen?.task === undefined ? {} : { task: seen.task }),
    ...(goal.endGoroutine === undefined ? {} : { endGoroutine: goal.endGoroutine }),
    rung,
    ...(goal.confidence === undefined ? {} : { confidence: goal.confidence }),
    doubts: seen?.doubts ?? more,
    startNs,
    durationNs: endNs - startNs,
    ...(sameName === undefined ? {} : { sameName }),
    candidates,
    ...(clockErrorNs === undefined ? {} : { clockErrorNs }),
    ...describeReported(goal),
  }
}

function describeReported({ match, startNs, endNs }: SpanGoal): Pick<SpanAnswer, 'reported'> {
  if (match === undefined) return {}
  const { span, sighting } = match
  const durationNs = Number(span.endUnixNs - span.startUnixNs)
  // A part of the span only: its length says nothing of the whole.
  const isWhole = sighting?.hasBegin === true && sighting.hasEnd
  const differenceNs = isWhole ? endNs - startNs - durationNs : 0
  return { reported: { startNs: span.startNs ?? startNs, durationNs, differenceNs } }
}

function statesOf(own: ProbedGoroutine, durationNs: number, goneAtNs: number | undefined): SpanStates {
  const times = toTimes(own.times)
  const known = times.runningNs + times.runnableNs + times.waitingNs + times.syscallNs
  const unknownNs = own.times[UNKNOWN] as number
  const left = Math.max(0, durationNs - known - unknownNs)
  return goneAtNs === undefined
    ? { ...times, unknownNs: unknownNs + left, goneNs: 0 }
    : { ...times, unknownNs, goneNs: left }
}

function describeBar(bins: Float64Array, durationNs: number): NonNullable<SpanAnswer['bar']> {
  const read = (state: number) => [...bins.subarray(state * BINS, (state + 1) * BINS)].map(Math.round)
  return {
    binNs: durationNs / BINS,
    runningNs: read(RUNNING),
    runnableNs: read(RUNNABLE),
    waitingNs: read(WAITING),
    syscallNs: read(SYSCALL),
  }
}

function listUnexplained(
  states: SpanStates,
  probe: SpanProbe,
  goal: SpanGoal,
  words: Words,
): { ns: number; why: string }[] {
  const found: { ns: number; why: string }[] = []
  if (states.unknownNs > 0) found.push({ ns: states.unknownNs, why: 'the trace does not say what the goroutine did' })
  if (states.goneNs > 0) {
    const by = goal.endGoroutine === undefined ? 'the span had not' : `goroutine ${goal.endGoroutine} ended the span`
    found.push({ ns: states.goneNs, why: `its goroutine had ended, ${by}` })
  }
  const nameless = probe.sites.filter((site) => site.state === WAITING && words.classOf(site).waitClass === 'unknown')
  const ns = nameless.reduce((sum, site) => sum + site.ns, 0)
  if (ns > 0)
    found.push({
      ns,
      why: 'it waited, and the trace gives no reason that is known: most often a wait from before the trace',
    })
  return found
}

function mergeWaits(sites: readonly ProbedSite[], words: Words): SpanWaitRow[] {
  return sites.map((site): SpanWaitRow => {
    const stay = words.classOf(site)
    return {
      state: stateNames[site.state] as SpanWaitRow['state'],
      reason: stay.reason,
      waitClass: stay.waitClass,
      ns: site.ns,
      count: site.count,
      maxNs: site.maxNs,
      blind: stay.isBlind ?? false,
      stack: words.stackOf(site.stack),
    }
  })
}

function describeStay(
  stay: ProbedStay,
  goroutine: number,
  rank: number,
  probe: SpanProbe,
  tables: TraceTables,
  words: Words,
): SpanStay {
  const { state, startNs, ns, stack, waker } = stay
  const known = words.classOf(stay)
  const isChained = rank < MAX_CHAINS && waker !== undefined && waker.goroutine !== 0
  const chain = isChained
    ? findCriticalPath(probe.history, tables, { goroutine, fromNs: startNs, toNs: startNs + ns })
    : []
  return {
    goroutine,
    state: stateNames[state] as SpanStay['state'],
    reason: known.reason,
    waitClass: known.waitClass,
    startNs,
    ns,
    stack: words.stackOf(stack),
    ...(waker === undefined ? {} : { wokenBy: describeWaker(waker, probe, words) }),
    ...(chain.length === 0
      ? {}
      : { path: chain.slice(-MAX_CHAIN_STEPS).map((step) => describeStep(step, probe, words)) }),
  }
}

function describeWaker(waker: NonNullable<ProbedStay['waker']>, probe: SpanProbe, words: Words): SpanWaker {
  const { goroutine, stack } = waker
  const startFunction = goroutine === 0 ? '' : words.nameOf(probe.findGoroutine(goroutine).start)
  return {
    ...(goroutine === 0 ? {} : { goroutine }),
    ...(startFunction === '' ? {} : { startFunction }),
    ...(stack === 0 ? {} : { stack: words.stackOf(stack) }),
  }
}

/** Of the whole span; it ends where the span was ended. */
function findPath(goal: SpanGoal, probe: SpanProbe, tables: TraceTables): PathSegment[] {
  const goroutine = goal.endGoroutine ?? goal.goroutine
  if (goroutine === undefined) return []
  return findCriticalPath(probe.history, tables, { goroutine, fromNs: goal.startNs, toNs: goal.endNs })
}

function describeStep(segment: PathSegment, probe: SpanProbe, words: Words): SpanPathStep {
  const { goroutine, state, reason, startNs, endNs, stack, woke } = segment
  const { start, birthNs } = probe.findGoroutine(goroutine)
  const startFunction = words.nameOf(start)
  // Made by no goroutine: what led there is not in the trace, but it is known what kind of thing it is.
  const isUnborn = state === 'unknown' && birthNs >= endNs
  return {
    goroutine,
    ...(startFunction === '' ? {} : { startFunction }),
    state: isUnborn ? 'not made yet' : state,
    ...(isUnborn ? { reason: 'a timer or the runtime made it' } : reason === '' ? {} : { reason }),
    startNs,
    ns: endNs - startNs,
    stack: words.stackOf(stack),
    ...(woke === undefined ? {} : { woke }),
  }
}

function describeCreated(made: readonly ProbedGoroutine[], words: Words): NonNullable<SpanAnswer['created']> {
  const groups = new Map<string, { -readonly [K in keyof SpanCreatedGroup]: SpanCreatedGroup[K] }>()
  const total = { count: made.length, runningNs: 0, runnableNs: 0, waitingNs: 0, syscallNs: 0 }
  for (const one of made) {
    const startFunction = words.nameOf(one.start)
    let group = groups.get(startFunction)
    if (group === undefined) {
      group = { startFunction, count: 0, runningNs: 0, runnableNs: 0, waitingNs: 0, syscallNs: 0 }
      groups.set(startFunction, group)
    }
    group.count++
    for (const sum of [group, total]) {
      sum.runningNs += one.times[RUNNING] as number
      sum.runnableNs += one.times[RUNNABLE] as number
      sum.waitingNs += one.times[WAITING] as number
      sum.syscallNs += one.times[SYSCALL] as number
    }
  }
  const longest = made.toSorted((a, b) => b.endNs - b.startNs - (a.endNs - a.startNs)).slice(0, MAX_GOROUTINES)
  return {
    ...total,
    groups: [...groups.values()].sort((a, b) => addTimes(b) - addTimes(a)).slice(0, MAX_GROUPS),
    goroutines: longest.map((one) => describeMade(one, words)),
  }
}

function describeMade(one: ProbedGoroutine, words: Words): SpanCreatedRow {
  const waits = [...one.waits.values()].filter(({ state }) => state === WAITING).sort((a, b) => b.ns - a.ns)
  const [first] = waits
  const mostly = first === undefined ? undefined : words.classOf(first)
  return {
    goroutine: one.id,
    startFunction: words.nameOf(one.start),
    createdBy: one.createdBy,
    startNs: one.startNs,
    ns: one.endNs - one.startNs,
    ended: one.ended,
    ...toTimes(one.times),
    ...(first === undefined || mostly === undefined
      ? {}
      : {
          mostly: {
            reason: mostly.reason,
            waitClass: mostly.waitClass,
            ns: first.ns,
            stack: words.stackOf(first.stack),
          },
        }),
  }
}

function listCandidates(probe: SpanProbe, words: Words): SpanCandidate[] {
  return [...probe.sightings]
    .sort(([, a], [, b]) => b.count - a.count)
    .slice(0, MAX_CANDIDATES)
    .map(([goroutine, { firstNs, lastNs }]) => ({
      name: words.nameOf(probe.findGoroutine(goroutine).start),
      goroutine,
      startNs: firstNs,
      durationNs: lastNs - firstNs,
    }))
}

function sayHandOver({ goroutine, endGoroutine }: SpanGoal): string {
  return `it was ended on goroutine ${endGoroutine}: what goroutine ${goroutine} did after handing it over may be other work`
}

function openWords(tables: TraceTables, goVersion: string | undefined): Words {
  const stacks = new Map<number, SpanStack>()
  const nameOf = (string: number) => tables.strings[string] ?? ''
  function stackOf(stack: number): SpanStack {
    const known = stacks.get(stack)
    if (known !== undefined) return known
    const frames: { function: string; file?: string; line?: number }[] = []
    const end = tables.stackStart[stack + 1] ?? 0
    for (let at = tables.stackStart[stack] ?? end; at < end && frames.length < MAX_FRAMES && stack > 0; at++) {
      const frame = tables.stackFrames[at] as number
      const file = nameOf(tables.frameFiles[frame] ?? 0)
      const line = tables.frameLines[frame]
      frames.push({
        function: nameOf(tables.frameFunctions[frame] ?? 0),
        ...(file === '' ? {} : { file }),
        ...(line === undefined || line === 0 ? {} : { line }),
      })
    }
    const depth = findUserDepth(frames.map((frame) => frame.function))
    const described = { frames, ...(depth === undefined ? {} : { userFrame: depth }) }
    stacks.set(stack, described)
    return described
  }
  return {
    nameOf,
    stackOf,
    classOf({ code, stack }) {
      const { frames } = stackOf(stack)
      const names = frames.length === 0 ? undefined : frames.map((frame) => frame.function)
      return classifyStay(code, code >= 0 ? nameOf(code) : '', names, goVersion)
    },
  }
}

function toTimes(times: Float64Array): StateTimes {
  return {
    runningNs: times[RUNNING] as number,
    runnableNs: times[RUNNABLE] as number,
    waitingNs: times[WAITING] as number,
    syscallNs: times[SYSCALL] as number,
  }
}

function addTimes(times: StateTimes): number {
  return times.runningNs + times.runnableNs + times.waitingNs + times.syscallNs
}
