/**
 * Which span is asked for: a span id, a trace id and a span id, a trace id (its longest span), Datadog's id in decimal
 * digits, `task:17`, `region:NAME`, or a name; of several with one name the longest.
 * Enters: every span, task and region as it closes, then what the file's spans were matched with. Leaves: the goal, its
 * goroutine and bounds; for a span of the file that nothing in the trace belongs to only bounds, by the clock: rung 4.
 */
import type { JoinConfidence, JoinRung, SpanCandidate } from '../../model/span-join.ts'
import type { SpanMatch } from './match-spans.ts'
import type { Sighting } from './sightings.ts'

export type SpanGoal = {
  readonly asked: string
  readonly kind: 'span' | 'task' | 'region'
  readonly name: string
  readonly rung: JoinRung
  /** Absent on rung 4: nothing was joined. */
  readonly confidence?: JoinConfidence
  /** Within the trace. */
  readonly startNs: number
  readonly endNs: number
  readonly goroutine?: number
  readonly endGoroutine?: number
  readonly sighting?: Sighting
  readonly match?: SpanMatch
  readonly sameName?: number
  readonly doubts: readonly string[]
  readonly candidates: readonly SpanCandidate[]
  readonly clockErrorNs?: number
}

export type SpanPick = {
  see(sighting: Sighting): void
  beginRegion(goroutine: number, name: string, timeNs: number): void
  endRegion(goroutine: number, name: string, timeNs: number): void
  /** Regions that are open end with the trace. */
  finish(nowNs: number): void
  decide(matches: readonly SpanMatch[], traceEndNs: number, clockErrorNs: number | undefined): SpanGoal | undefined
}

type Ask = {
  readonly spanId?: string
  readonly traceId?: string
  /** Datadog's, as hexadecimal digits. */
  readonly decimalId?: string
  readonly task?: number
  readonly region?: string
  readonly name: string
}

type Region = { readonly goroutine: number; readonly startNs: number; readonly endNs: number; readonly hasEnd: boolean }

const MAX_OPEN_REGIONS = 1 << 16

export function openSpanPick(asked: string | undefined): SpanPick {
  const ask = asked === undefined ? undefined : readAsk(asked)
  let best: { readonly level: number; readonly sighting: Sighting } | undefined
  let namesakes = 0
  let region: Region | undefined
  let regions = 0
  let openRegions = 0
  const stacks = new Map<number, { readonly name: string; readonly startNs: number }[]>()

  function closeRegion(found: Region): void {
    regions++
    if (region === undefined || found.endNs - found.startNs > region.endNs - region.startNs) region = found
  }

  return {
    see(sighting) {
      if (ask === undefined) return
      const level = fits(ask, sighting)
      if (level === 0) return
      if (best === undefined || level > best.level) {
        best = { level, sighting }
        namesakes = 1
        return
      }
      if (level < best.level) return
      namesakes++
      if (sighting.endNs - sighting.startNs > best.sighting.endNs - best.sighting.startNs) best = { level, sighting }
    },
    beginRegion(goroutine, name, startNs) {
      if (ask?.region === undefined || openRegions >= MAX_OPEN_REGIONS) return
      openRegions++
      const stack = stacks.get(goroutine)
      if (stack === undefined) stacks.set(goroutine, [{ name, startNs }])
      else stack.push({ name, startNs })
    },
    endRegion(goroutine, name, endNs) {
      if (ask?.region === undefined) return
      const stack = stacks.get(goroutine)
      const at = stack?.findLastIndex((one) => one.name === name) ?? -1
      if (stack === undefined || at === -1) {
        if (name === ask.region) closeRegion({ goroutine, startNs: 0, endNs, hasEnd: true })
        return
      }
      const [begun] = stack.splice(at, 1)
      openRegions--
      if (stack.length === 0) stacks.delete(goroutine)
      if (name === ask.region && begun !== undefined) {
        closeRegion({ goroutine, startNs: begun.startNs, endNs, hasEnd: true })
      }
    },
    finish(nowNs) {
      for (const [goroutine, stack] of stacks) {
        for (const { name, startNs } of stack) {
          if (name === ask?.region) closeRegion({ goroutine, startNs, endNs: nowNs, hasEnd: false })
        }
      }
    },
    decide(matches, traceEndNs, clockErrorNs) {
      if (ask === undefined || asked === undefined) return undefined
      const error = clockErrorNs === undefined ? {} : { clockErrorNs }
      if (region !== undefined) return { ...goalOfRegion(asked, ask, region, regions), ...error }
      const match = findMatch(ask, matches, best)
      const sighting = match?.sighting ?? (match === undefined ? best?.sighting : undefined)
      if (sighting !== undefined) {
        const isById = best !== undefined && best.level >= 3
        return {
          ...goalOfSighting(asked, sighting, match),
          ...error,
          ...(isById || namesakes < 2 ? {} : { sameName: namesakes }),
        }
      }
      const bounds = match === undefined ? undefined : boundsOf(match, traceEndNs)
      if (match === undefined || bounds === undefined) return undefined
      return {
        asked,
        kind: 'span',
        name: match.span.name,
        rung: 4,
        ...bounds,
        match,
        doubts: ['nothing in the trace names this span: only its time, and the function it names, if any, are left'],
        candidates: match.candidates,
        ...error,
      }
    },
  }
}

function goalOfSighting(asked: string, sighting: Sighting, match: SpanMatch | undefined): SpanGoal {
  const { hasBegin, hasEnd, isTwice, goroutine, endGoroutine, startNs, endNs, rung, spanId, sdk } = sighting
  const own = !hasBegin || !hasEnd ? 'partial' : isTwice === true ? 'probable' : 'certain'
  return {
    asked,
    kind: spanId === undefined && sdk === undefined && match === undefined ? 'task' : 'span',
    name: match?.span.name ?? sighting.name ?? '',
    rung,
    confidence: match?.confidence ?? own,
    startNs,
    endNs,
    goroutine,
    ...(endGoroutine === undefined ? {} : { endGoroutine }),
    sighting,
    ...(match === undefined ? {} : { match }),
    doubts: match?.doubts ?? [],
    candidates: match?.candidates ?? [],
  }
}

function goalOfRegion(asked: string, ask: Ask, region: Region, count: number): SpanGoal {
  const { goroutine, startNs, endNs, hasEnd } = region
  return {
    asked,
    kind: 'region',
    name: ask.region ?? '',
    rung: 0,
    confidence: hasEnd && startNs > 0 ? 'certain' : 'partial',
    startNs,
    endNs,
    goroutine,
    doubts: [
      ...(startNs > 0 ? [] : ['it began before the trace']),
      ...(hasEnd ? [] : ['it had not ended when the trace did']),
    ],
    candidates: [],
    ...(count > 1 ? { sameName: count } : {}),
  }
}

/** Of the file: the asked one by id; else the one that the picked span was matched with; else the longest so named. */
function findMatch(
  ask: Ask,
  matches: readonly SpanMatch[],
  best: { readonly sighting: Sighting } | undefined,
): SpanMatch | undefined {
  const byId = matches.find(({ span }) => {
    if (ask.spanId === undefined || span.spanId !== ask.spanId) return false
    return ask.traceId === undefined || span.traceId === ask.traceId
  })
  if (byId !== undefined) return byId
  if (best !== undefined) return matches.find(({ sighting }) => sighting === best.sighting)
  const lengthOf = ({ span }: SpanMatch) => Number(span.endUnixNs - span.startUnixNs)
  const named = matches.filter(({ span, isOutside }) => {
    if (isOutside) return false
    return ask.spanId === undefined && ask.traceId !== undefined ? span.traceId === ask.traceId : span.name === ask.name
  })
  return named.toSorted(
    (a, b) => Number(b.sighting !== undefined) - Number(a.sighting !== undefined) || lengthOf(b) - lengthOf(a),
  )[0]
}

function boundsOf({ span, isOutside }: SpanMatch, traceEndNs: number): { startNs: number; endNs: number } | undefined {
  if (isOutside || span.startNs === undefined || span.endNs === undefined) return undefined
  const startNs = Math.min(Math.max(0, span.startNs), traceEndNs)
  return { startNs, endNs: Math.max(startNs, Math.min(span.endNs, traceEndNs)) }
}

/** 0: it is not this one; else how sure the fit is. */
function fits(ask: Ask, { spanId, traceId, task, name, rung }: Sighting): number {
  if (ask.region !== undefined) return 0
  if (
    ask.spanId !== undefined &&
    spanId === ask.spanId &&
    (ask.traceId === undefined || traceId === undefined || traceId === ask.traceId)
  )
    return 5
  if (ask.decimalId !== undefined && rung === 3 && spanId === ask.decimalId) return 4
  if (ask.task !== undefined && task === ask.task) return 3
  if (ask.spanId === undefined && ask.traceId !== undefined && traceId === ask.traceId) return 2
  return ask.name !== '' && name === ask.name ? 1 : 0
}

function readAsk(asked: string): Ask {
  const text = asked.trim()
  const [, traceId, spanId] = /^([0-9a-f]{32})[ :/-]?([0-9a-f]{16})?$/i.exec(text) ?? []
  if (traceId !== undefined) {
    return {
      traceId: traceId.toLowerCase(),
      ...(spanId === undefined ? {} : { spanId: spanId.toLowerCase() }),
      name: '',
    }
  }
  const [, word, rest] = /^(task|region|name):(.+)$/s.exec(text) ?? []
  if (word === 'task' && /^\d{1,15}$/.test(rest ?? '')) return { task: Number(rest), name: '' }
  if (word === 'region') return { region: rest as string, name: '' }
  if (word === 'name') return { name: rest as string }
  const isHex = /^[0-9a-f]{16}$/i.test(text)
  const isDecimal = /^\d{1,20}$/.test(text)
  return {
    ...(isHex ? { spanId: text.toLowerCase() } : {}),
    ...(isDecimal ? { decimalId: BigInt(text).toString(16).padStart(16, '0') } : {}),
    ...(isDecimal && text.length <= 15 ? { task: Number(text) } : {}),
    name: text,
  }
}
