/**
 * --from and --to: where in a trace they point. A duration counts from the trace's first event; a share is of its whole
 * length, which is known only when it has been read once; a time of day needs the trace's clock snapshot.
 * Enters: points and a way to open the trace. Leaves: ns since the first event. Codes: SL_OPS_NO_CLOCK, those of reading.
 */
import { type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import { formatUnixNs, parseDuration, parseUnixNs } from '../base/units.ts'
import { readTrace } from '../decode/gotrace/gotrace.ts'
import type { TraceStream } from '../model/ports.ts'
import type { TraceGeneration, TraceMeta } from '../model/trace.ts'

export type TimelinePoint =
  | { readonly kind: 'offset'; readonly ns: number }
  | { readonly kind: 'share'; readonly ratio: number }
  | { readonly kind: 'time'; readonly unixNs: bigint }
  /** Of the day on which the trace began, in UTC; where that is half a day before it began, of the next. */
  | { readonly kind: 'time-of-day'; readonly ns: number }

export type TimelineWindow = { readonly fromNs?: number; readonly toNs?: number }
type Points = { readonly from?: TimelinePoint; readonly to?: TimelinePoint }

const DAY_NS = 86_400_000_000_000n

/** Whether the trace must be opened a second time to know where the points are. */
export function needsLook({ from, to }: Points): boolean {
  return [from, to].some((point) => point !== undefined && point.kind !== 'offset')
}

/** `open` is called only where a look at the trace is needed, and reads no further than it must. */
export async function locateWindow(
  open: () => Promise<Result<TraceStream>>,
  points: Points,
  signal?: AbortSignal,
): Promise<Result<TimelineWindow, Fault>> {
  let look: Look = {}
  if (needsLook(points)) {
    const stream = await open()
    if (!stream.ok) return stream
    const kinds = [points.from?.kind, points.to?.kind]
    look = await lookAt(stream.value, kinds.includes('share'), signal)
  }
  const window: { fromNs?: number; toNs?: number } = {}
  for (const [key, point] of [
    ['fromNs', points.from],
    ['toNs', points.to],
  ] as const) {
    if (point === undefined) continue
    const located = locate(point, look)
    if (!located.ok) return located
    window[key] = located.value
  }
  return ok(window)
}

type Look = { readonly durationNs?: number; readonly snapshot?: NonNullable<TraceGeneration['snapshot']> }

/** What cannot be read here is said when the trace is read in earnest. */
async function lookAt(stream: TraceStream, needsEnd: boolean, signal: AbortSignal | undefined): Promise<Look> {
  const seen: { snapshot?: TraceGeneration['snapshot']; count: number } = { count: 0 }
  async function* pieces(): AsyncGenerator<Uint8Array, void> {
    for await (const piece of stream.bytes) {
      yield piece
      if (signal?.aborted === true || (!needsEnd && seen.count > 0)) return
    }
  }
  const read = await readTrace(pieces(), {
    onGeneration: ({ snapshot }) => {
      seen.count += 1
      seen.snapshot ??= snapshot
    },
    onChunk: () => {
      seen.count += 1
    },
  })
  const { snapshot } = seen
  const meta: TraceMeta | undefined = read.ok ? read.value.value : undefined
  return {
    ...(meta === undefined ? {} : { durationNs: meta.durationNs }),
    ...(snapshot === undefined ? {} : { snapshot }),
  }
}

function locate(point: TimelinePoint, { durationNs, snapshot }: Look): Result<number, Fault> {
  if (point.kind === 'offset') return ok(point.ns)
  // A trace that could not be read: the fault comes from reading it.
  if (point.kind === 'share') return ok(Math.round((durationNs ?? 0) * point.ratio))
  if (snapshot === undefined) return err(fault('SL_OPS_NO_CLOCK'))
  const startUnixNs = snapshot.unixNs - BigInt(Math.round(snapshot.traceNs))
  // A time of day a little before the trace's is before it; one of the other half of the day is the next day's.
  const ofDay = point.kind === 'time' ? 0n : BigInt(point.ns) - (startUnixNs % DAY_NS)
  const unixNs = point.kind === 'time' ? point.unixNs : startUnixNs + ofDay + (ofDay < -DAY_NS / 2n ? DAY_NS : 0n)
  if (unixNs >= startUnixNs) return ok(Number(unixNs - startUnixNs))
  const message = `${formatUnixNs(unixNs)} is before the trace begins, at ${formatUnixNs(startUnixNs)}`
  return err(fault('SL_OPS_OUTSIDE_TRACE', { message }))
}

/** `1.2s`, `40%`, RFC 3339, or `15:04:05.123` in UTC. Undefined for what is none of them. */
export function parsePoint(text: string): TimelinePoint | undefined {
  const share = /^(\d+(?:\.\d+)?)%$/.exec(text)
  if (share !== null) {
    const ratio = Number(share[1]) / 100
    return ratio <= 1 ? { kind: 'share', ratio } : undefined
  }
  const clock = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,9}))?)?Z?$/.exec(text)
  if (clock !== null) {
    const [, hours, minutes, seconds = '0', digits = ''] = clock
    const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
    return { kind: 'time-of-day', ns: whole * 1e9 + Number(digits.padEnd(9, '0')) }
  }
  const unixNs = parseUnixNs(text)
  if (unixNs !== undefined) return { kind: 'time', unixNs }
  const ns = parseDuration(text)
  return ns === undefined ? undefined : { kind: 'offset', ns }
}
