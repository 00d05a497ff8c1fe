/**
 * Holds our reading of a trace against the output of `go tool trace -d=parsed`, event for event: kind, context, details,
 * stacks and order exactly, times up to the clamping that the reference does (each at least 1 ns after the one before).
 * CPU samples are compared as a set: the reference mixes them in by time.
 */
import { readTraceSync } from '../gotrace/gotrace.ts'
import { openParsedText, printStack } from './parsed-text.ts'

export type Comparison = { readonly events: number; readonly samples: number; readonly difference?: string }

/** `lines`: of the reference, in order. `detailFrom`: where ours is printed in full to say what differs. */
export async function compareWithParsed(bytes: Uint8Array, lines: AsyncIterable<string>): Promise<Comparison> {
  const ours = readOurs(bytes)
  if (typeof ours === 'string') return { events: 0, samples: 0, difference: ours }
  const times: number[] = []
  const before: number[] = []
  const samples: number[] = []
  let event = ''
  let events = 0
  let previous = Number.NEGATIVE_INFINITY
  let difference: string | undefined
  const finish = (): void => {
    if (event === '' || difference !== undefined) return
    const [, context, time, rest] = /^(M=\S+ P=\S+ G=\S+ \S+) Time=(-?\d+)([\s\S]*)$/.exec(event) ?? []
    const timeNs = Number(time)
    const kind = context?.split(' ')[3]
    if (kind === 'StackSample') samples.push(digest(`${context}${rest}`))
    else if (kind !== 'Sync') {
      const line = `${context}${rest}`.replace(/\nTransitionStack=(?=\nStack=|$)/, '')
      if (ours.digests[events] !== digest(line)) {
        difference = `event ${events} (time ${timeNs}): the reference has\n${line}\nours is\n${readOneOurs(bytes, events)}`
      }
      times.push(timeNs)
      before.push(previous)
      events += 1
    }
    previous = timeNs
    event = ''
  }
  for await (const line of lines) {
    if (/^M=-?\d+ P=-?\d+ G=-?\d+ \w+ Time=/.test(line)) finish()
    if (line !== '') event += event === '' ? line : `\n${line}`
  }
  finish()
  difference ??= compareTimes(ours.times, times, before)
  if (events !== ours.times.length) difference ??= `the reference has ${events} events, ours ${ours.times.length}`
  const isSame = samples.toSorted().join() === ours.samples.toSorted().join()
  if (!isSame) difference ??= `CPU samples differ: the reference has ${samples.length}, ours ${ours.samples.length}`
  return { events, samples: samples.length, ...(difference === undefined ? {} : { difference }) }
}

function compareTimes(
  ours: readonly number[],
  times: readonly number[],
  before: readonly number[],
): string | undefined {
  let origin = Number.POSITIVE_INFINITY
  for (let at = 0; at < times.length; at++) origin = Math.min(origin, (times[at] as number) - (ours[at] as number))
  for (let at = 0; at < times.length; at++) {
    const expected = Math.max((ours[at] as number) + origin, (before[at] as number) + 1)
    if (times[at] !== expected) return `event ${at} is at ${times[at]}, ours at ${expected} (origin ${origin})`
  }
  return undefined
}

type Ours = { readonly digests: number[]; readonly times: number[]; readonly samples: number[] }

function readOurs(bytes: Uint8Array): Ours | string {
  const print = openParsedText()
  const ours: Ours = { digests: [], times: [], samples: [] }
  const meta = readTraceSync(
    bytes,
    {
      onChunk(chunk, tables) {
        print(chunk, tables, (line, timeNs) => {
          ours.digests.push(digest(line))
          ours.times.push(timeNs)
        })
      },
      onCpuSamples(samples, tables) {
        for (const { thread = -1, processor = -1, goroutine = -1, stack } of samples) {
          const text = printStack(tables, stack)
          const suffix = text === '' ? '' : `\nStack=${text}`
          ours.samples.push(digest(`M=${thread} P=${processor} G=${goroutine} StackSample${suffix}`))
        }
      },
    },
    { strict: true },
  )
  return meta.ok ? ours : meta.error.message
}

function readOneOurs(bytes: Uint8Array, wanted: number): string {
  const print = openParsedText()
  let at = 0
  let found = 'nothing'
  readTraceSync(bytes, {
    onChunk: (chunk, tables) =>
      print(chunk, tables, (line) => {
        if (at === wanted) found = line
        at += 1
      }),
  })
  return found
}

/** Two 32-bit hashes side by side: enough to tell lines apart. */
function digest(line: string): number {
  let low = 0x811c9dc5
  let high = 0x9e3779b1
  for (let at = 0; at < line.length; at++) {
    const code = line.charCodeAt(at)
    low = Math.imul(low ^ code, 0x01000193)
    high = Math.imul(high ^ code, 0x85ebca6b)
    high ^= high >>> 13
  }
  return (high & 0x1fffff) * 4294967296 + (low >>> 0)
}
