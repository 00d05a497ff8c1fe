/**
 * Holds our reading of a v1 trace against the output of `go tool trace -d=parsed`: every event with its context,
 * details and stacks, and its time once ours are pushed apart as Go pushes them.
 * Events of one nanosecond may stand in another order: Go takes them in the order of a map, another one each run.
 */
import { readTraceSync } from '../gotrace/gotrace.ts'
import { openParsedText, printStack } from './parsed-text.ts'

type Line = { readonly text: string; readonly timeNs: number }
export type V1Comparison = { readonly events: number; readonly ties: number; readonly difference?: string }

/** Events of the reference, Sync left out. */
export function readReference(parsed: string): Line[] {
  return parsed
    .split(/^(?=M=-?\d+ P=-?\d+ G=-?\d+ \w+ Time=)/m)
    .map((event) => /^(M=\S+ P=\S+ G=\S+ \w+) Time=(-?\d+)([\s\S]*)$/.exec(event.trimEnd()))
    .filter((match) => match !== null)
    .filter((match) => !(match[1] as string).endsWith(' Sync'))
    .map((match) => ({
      timeNs: Number(match[2]),
      text: normalise(`${match[1]}${match[3]}`),
    }))
}

/** Empty stacks and blank lines say nothing; "no task" is written in two ways; columns are exact below 2^53. */
function normalise(event: string): string {
  return event
    .replace(/\n{2,}/g, '\n')
    .replace(/\nTransitionStack=(?=\nStack=|$)/, '')
    .replace(/\nStack=$/, '')
    .replace(/Uint64\((\d{16,})\)/, (_, digits) => `Uint64(${Number(digits)})`)
    .replace(/ Parent=(?:0|18446744073709551615) /, ' Parent=none ')
}

/** Ours in time order, CPU samples among them; a string when it was rejected. */
export function readOurs(bytes: Uint8Array): Line[] | string {
  const print = openParsedText()
  const lines: Line[] = []
  const samples: Line[] = []
  const read = readTraceSync(
    bytes,
    {
      onChunk: (chunk, tables) => print(chunk, tables, (text, timeNs) => lines.push({ text: normalise(text), timeNs })),
      onCpuSamples(rows, tables) {
        for (const { processor = -1, goroutine = -1, stack, timeNs } of rows) {
          const text = printStack(tables, stack)
          const context = `M=-1 P=${processor} G=${goroutine} StackSample`
          samples.push({ text: text === '' ? context : `${context}\nStack=${text}`, timeNs })
        }
      },
    },
    { strict: true },
  )
  if (!read.ok) return read.error.message
  return [...lines, ...samples].sort((left, right) => left.timeNs - right.timeNs)
}

export function compareV1(bytes: Uint8Array, parsed: string): V1Comparison {
  const ours = readOurs(bytes)
  if (typeof ours === 'string') return { events: 0, ties: 0, difference: ours }
  const reference = readReference(parsed)
  let ties = 0
  let last = -1
  for (let from = 0; from < ours.length; ) {
    let to = from + 1
    while (to < ours.length && ours[to]?.timeNs === ours[from]?.timeNs) to += 1
    const mine = ours.slice(from, to).map(({ text }) => text)
    const theirs = reference.slice(from, to)
    if (mine.some((text, at) => text !== theirs[at]?.text)) ties += 1
    const sortedMine = mine.toSorted().join('\n\n')
    const sortedTheirs = theirs
      .map(({ text }) => text)
      .toSorted()
      .join('\n\n')
    if (sortedMine !== sortedTheirs) {
      return {
        events: from,
        ties,
        difference: `event ${from}: the reference has\n${sortedTheirs}\nours is\n${sortedMine}`,
      }
    }
    for (let at = from; at < to; at++) {
      const expected = Math.max((ours[at] as Line).timeNs, last + 1)
      last = reference[at]?.timeNs as number
      if (last !== expected) return { events: at, ties, difference: `event ${at} is at ${last}, ours at ${expected}` }
    }
    from = to
  }
  if (reference.length !== ours.length) {
    return {
      events: ours.length,
      ties,
      difference: `the reference has ${reference.length} events, ours ${ours.length}`,
    }
  }
  return { events: ours.length, ties }
}
