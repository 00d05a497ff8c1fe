/**
 * The door of joining spans with goroutines: a consumer of a trace's ordered events, beside its account.
 * Enters: chunks, and perhaps the spans of a file and one that is asked for. Leaves: how the spans were joined (rung,
 * certain, probable, partial), sums by name, the longest, and the goal: goroutine and bounds of the one asked for, which
 * a second reading then looks at in full (span-probe.ts). Memory: what is open, a row per name, and of a file's spans as
 * many sightings as MAX_KEPT.
 */

import type { JoinConfidence, JoinedSpan, JoinRung, JoinSummary, KnownSpan } from '../../model/span-join.ts'
import { joinRungs } from '../../model/span-join.ts'
import type { TraceChunk, TraceClock, TraceTables } from '../../model/trace.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { TopList } from '../columns/top-list.ts'
import { StackFunctions } from '../trace/stack-functions.ts'
import { matchSpans, OWN_TIMES_NS, type PlacedSpan, type SpanMatch } from './match-spans.ts'
import { NameTable } from './name-table.ts'
import { openSpanPick, type SpanGoal, type SpanPick } from './pick-span.ts'
import { pinChunk } from './pin-chunk.ts'
import { type Sighting, SightingLedger } from './sightings.ts'
import { StayTracker } from './stay-tracker.ts'

export type SpanJoinOptions = {
  /** Spans of the same process, as exported. */
  readonly spans?: readonly KnownSpan[]
  /** The span to look at: see pick-span.ts for what may stand here. */
  readonly asked?: string
  /** Names and times of tasks only, as if nothing had logged ids. */
  readonly ignoreIds?: boolean
  /** Told of every log line of the program (runtime/trace.Log), marks of ids included. */
  readonly onLog?: (log: TraceLog) => void
}

export type TraceLog = {
  readonly timeNs: number
  readonly goroutine: number
  /** 0: of no task. */
  readonly task: number
  readonly category: string
  readonly message: string
}

export type SpanJoin = {
  readonly summary: JoinSummary
  /** Absent where none was asked for, or none was found. */
  readonly goal?: SpanGoal
  readonly matches: readonly SpanMatch[]
}

export type OpenSpanJoin = {
  addGeneration(generation: { readonly isRestart: boolean }): void
  addChunk(chunk: TraceChunk, tables: TraceTables): void
  /** Once, after the last chunk. */
  finish(meta: { readonly durationNs: number; readonly clock: TraceClock }): SpanJoin
}

const MAX_KEPT = 1 << 18
const LONGEST = 20

export function openSpanJoin(options: SpanJoinOptions = {}): OpenSpanJoin {
  const functions = new StackFunctions()
  const names = new NameTable()
  const longest = new TopList<Sighting>(LONGEST)
  const counts = { certain: 0, probable: 0, partial: 0 }
  const byRung = new Map<JoinRung, number>()
  const kept: Sighting[] = []
  const pick = openSpanPick(options.asked)
  const omitted = { sightings: 0 }
  const hasFile = options.spans !== undefined

  function keep(sighting: Sighting): void {
    pick.see(sighting)
    if (hasFile && kept.length < MAX_KEPT) kept.push(sighting)
    else if (hasFile) omitted.sightings++
    if (!isSpan(sighting)) return
    names.add(sighting)
    const lengthNs = sighting.endNs - sighting.startNs
    if (longest.takes(lengthNs)) longest.add(lengthNs, sighting)
    counts[confidenceOf(sighting)]++
    byRung.set(sighting.rung, (byRung.get(sighting.rung) ?? 0) + 1)
  }

  const ledger = new SightingLedger(functions, { onClose: keep, ignoreIds: options.ignoreIds ?? false })
  const tracker = new StayTracker(functions, ledger.listener)
  ledger.use(tracker)
  let restarts = 0
  let lastNs = 0

  return {
    addGeneration({ isRestart }) {
      if (isRestart && restarts++ > 0) tracker.forget()
    },
    addChunk(given, tables) {
      functions.use(tables)
      const chunk = pinChunk(given)
      for (let row = 0; row < chunk.rowCount; row++) {
        tracker.step(chunk, row)
        if (tracker.nowNs > lastNs) lastNs = tracker.nowNs
        const type = chunk.kinds[row] as number
        if (type < kind.UserTaskBegin || type > kind.UserLog) continue
        stepUser(ledger, pick, chunk, row, tables)
        if (type === kind.UserLog) options.onLog?.(readLog(chunk, row, tables))
      }
    },
    finish({ durationNs, clock }) {
      tracker.nowNs = Math.max(durationNs, lastNs)
      ledger.finish()
      pick.finish(tracker.nowNs)
      const clockErrorNs = clock.kind === 'snapshot' ? clock.uncertaintyNs : undefined
      const spans = (options.spans ?? []).map((span) => placeSpan(span, clock))
      const matches = matchSpans(spans, kept, {
        endNs: tracker.nowNs,
        ...(clockErrorNs === undefined ? {} : { clockErrorNs }),
      })
      const goal = pick.decide(matches, tracker.nowNs, clockErrorNs)
      const cut = { ...omitted, openSpans: ledger.lost, deepSpans: ledger.unfollowed, names: names.lost }
      return {
        matches,
        summary: {
          ...(hasFile ? countMatches(matches) : countSeen(counts, byRung)),
          names: names.list(),
          longest: longest.list().map((one) => describeSighting(one, confidenceOf(one))),
          omitted: Object.fromEntries(Object.entries(cut).filter(([, count]) => count > 0)),
        },
        ...(goal === undefined ? {} : { goal }),
      }
    },
  }
}

function stepUser(ledger: SightingLedger, pick: SpanPick, chunk: TraceChunk, row: number, tables: TraceTables): void {
  const goroutine = chunk.goroutines[row] as number
  const task = chunk.arg0[row] as number
  const second = chunk.arg1[row] as number
  const third = chunk.arg2[row] as number
  const fourth = chunk.arg3[row] as number
  const text = (string: number) => tables.strings[string] ?? ''
  switch (chunk.kinds[row]) {
    case kind.UserTaskBegin:
      ledger.beginTask(goroutine, task, second, text(third), fourth)
      return
    case kind.UserTaskEnd:
      ledger.endTask(goroutine, task, text(fourth), second)
      return
    case kind.UserLog:
      ledger.log(goroutine, task, text(second), text(third))
      return
    case kind.UserRegionBegin:
      pick.beginRegion(goroutine, text(second), chunk.timesNs[row] as number)
      return
    case kind.UserRegionEnd:
      pick.endRegion(goroutine, text(second), chunk.timesNs[row] as number)
      return
  }
}

function readLog(chunk: TraceChunk, row: number, tables: TraceTables): TraceLog {
  return {
    timeNs: chunk.timesNs[row] as number,
    goroutine: chunk.goroutines[row] as number,
    task: chunk.arg0[row] as number,
    category: tables.strings[chunk.arg1[row] as number] ?? '',
    message: tables.strings[chunk.arg2[row] as number] ?? '',
  }
}

/** A task that no SDK began is a task, and no span. */
function isSpan({ spanId, sdk }: Sighting): boolean {
  return spanId !== undefined || sdk !== undefined
}

export function confidenceOf({ hasBegin, hasEnd, isTwice }: Sighting): JoinConfidence {
  if (!hasBegin || !hasEnd) return 'partial'
  return isTwice === true ? 'probable' : 'certain'
}

/** `more`: doubts that come from a file. */
export function describeSighting(
  sighting: Sighting,
  confidence: JoinConfidence,
  more: readonly string[] = [],
): JoinedSpan {
  const { name, traceId, spanId, task, endGoroutine, goroutine, startNs, endNs, rung } = sighting
  const { states, assistNs, created, hasBegin, hasEnd, isTwice } = sighting
  return {
    name: name ?? '',
    ...(traceId === undefined ? {} : { traceId }),
    ...(spanId === undefined ? {} : { spanId }),
    ...(task === undefined ? {} : { task }),
    goroutine,
    ...(endGoroutine === undefined ? {} : { endGoroutine }),
    startNs,
    durationNs: endNs - startNs,
    rung,
    confidence,
    doubts: [
      ...(hasBegin ? [] : ['it began before the trace; its goroutine is the one that ended it']),
      ...(hasEnd ? [] : ['it had not ended when the trace did']),
      ...(isTwice === true && !more.some((doubt) => doubt.includes('more than once'))
        ? ['its id was given twice']
        : []),
      ...more,
    ],
    states,
    assistNs,
    created,
  }
}

function placeSpan(span: KnownSpan, clock: TraceClock): PlacedSpan {
  if (clock.kind !== 'snapshot') return span
  const place = (unixNs: bigint) => Number(unixNs - clock.unixNs) + clock.traceNs
  return { ...span, startNs: place(span.startUnixNs), endNs: place(span.endUnixNs) }
}

type Counts = { readonly certain: number; readonly probable: number; readonly partial: number }

function countSeen(counts: Counts, byRung: ReadonlyMap<JoinRung, number>): JoinSummary {
  const spans = counts.certain + counts.probable + counts.partial
  return { rung: bestRung(byRung), spans, ...counts, byRung: nameRungs(byRung) }
}

function countMatches(matches: readonly SpanMatch[]): JoinSummary {
  const counts = { certain: 0, probable: 0, partial: 0 }
  const byRung = new Map<JoinRung, number>()
  let unmatched = 0
  let outside = 0
  for (const { sighting, confidence, isOutside } of matches) {
    if (isOutside) outside++
    else if (sighting === undefined || confidence === undefined) unmatched++
    else {
      counts[confidence]++
      byRung.set(sighting.rung, (byRung.get(sighting.rung) ?? 0) + 1)
    }
  }
  const spans = matches.length - outside
  return { rung: bestRung(byRung), spans, ...counts, unmatched, outside, byRung: nameRungs(byRung) }
}

function bestRung(byRung: ReadonlyMap<JoinRung, number>): JoinRung {
  return joinRungs.find((rung) => byRung.has(rung)) ?? 4
}

function nameRungs(byRung: ReadonlyMap<JoinRung, number>): Record<string, number> {
  return Object.fromEntries([...byRung].map(([rung, count]) => [String(rung), count]))
}

/** What the span's own times say of the match: far off, they were given by the program (WithTimestamp). */
export function doubtTimes({ span, sighting }: SpanMatch, clockErrorNs: number): readonly string[] {
  if (sighting === undefined || span.startNs === undefined || span.endNs === undefined) return []
  const startOff = sighting.hasBegin ? Math.abs(sighting.startNs - span.startNs) : 0
  const endOff = sighting.hasEnd ? Math.abs(sighting.endNs - span.endNs) : 0
  if (Math.max(startOff, endOff) <= OWN_TIMES_NS + clockErrorNs) return []
  return ['its times in the file are not those at which it was started and ended: what follows is of the latter']
}
