/**
 * The text of a frame in bytes: its argument words, and whether the text at a place is that of a known frame.
 * The comparisons are the decoder's fast path: no search for newlines, no hash, one pass over the bytes. Whatever
 * they refuse goes the slow way, which gives the same rows. Source: traceback2 and printArgs in runtime/traceback.go.
 */
import type { DumpBuilder } from './dump-builder.ts'
import { CREATED_BY, IN_GOROUTINE, NEWLINE, SPACE, startsWith, TAB } from './lines.ts'

/** A known frame is only looked for when this much text is left: its two lines never take more here. */
export const FAST_MARGIN = 4096

const HEX = new Uint8Array(256).fill(255)
for (let digit = 0; digit < 16; digit++) HEX['0123456789abcdef'.charCodeAt(digit)] = digit

/**
 * Appends the words from behind `(` to the builder: returns where `)` stands, or 0 when the text is no argument
 * list (nothing is appended then). `_` is a word that was not printed: it takes a position.
 */
export function readArgs(builder: DumpBuilder, bytes: Uint8Array, from: number, limit: number): number {
  const argsBefore = builder.argCount
  const leftOutBefore = builder.argsLeftOut
  let at = from
  let position = 0
  while (at < limit) {
    const byte = bytes[at]
    if (byte === 48 && bytes[at + 1] === 120) {
      at += 2
      let high = 0
      let low = 0
      const digitsFrom = at
      while (at < limit) {
        const digit = HEX[bytes[at] as number] as number
        if (digit > 15) break
        high = (high << 4) | (low >>> 28)
        low = (low << 4) | digit
        at += 1
      }
      if (at === digitsFrom || at - digitsFrom > 16) break
      const isDoubtful = bytes[at] === 63
      if (isDoubtful) at += 1
      builder.pushArg(high, low, position, isDoubtful)
      position += 1
    } else if (byte === 44 || byte === SPACE || byte === 123 || byte === 125) at += 1
    else if (byte === 95) {
      at += 1
      position += 1
    } else if (byte === 46 && bytes[at + 1] === 46 && bytes[at + 2] === 46) at += 3
    else if (byte === 41) return at
    else break
  }
  builder.argCount = argsBefore
  builder.argsLeftOut = leftOutBefore
  return 0
}

/** The end of the two lines of `frame` that begin at `from`, its words appended; 0 when the text is another. */
export function matchFrame(builder: DumpBuilder, frame: number, bytes: Uint8Array, from: number): number {
  const nameEnd = matchRun(builder.texts.arena, builder.frameNameStart, builder.frameNameEnd, frame, bytes, from)
  if (nameEnd === 0 || bytes[nameEnd] !== 40) return 0
  if (builder.frameIsInlined[frame] === 1) {
    if (bytes[nameEnd + 1] !== 46 || bytes[nameEnd + 2] !== 46 || bytes[nameEnd + 3] !== 46) return 0
    return matchRest(builder, frame, bytes, nameEnd + 4)
  }
  const argsBefore = builder.argCount
  const leftOutBefore = builder.argsLeftOut
  const close = readArgs(builder, bytes, nameEnd + 1, from + FAST_MARGIN / 2)
  const end = close === 0 ? 0 : matchRest(builder, frame, bytes, close)
  if (end === 0) {
    builder.argCount = argsBefore
    builder.argsLeftOut = leftOutBefore
  }
  return end
}

/** The end of `created by F in goroutine N` and its place, N noted in the builder; 0 when the text is another. */
export function matchCreator(builder: DumpBuilder, frame: number, bytes: Uint8Array, from: number): number {
  if (!startsWith(bytes, from, bytes.length, CREATED_BY)) return 0
  const nameFrom = from + CREATED_BY.length
  let at = matchRun(builder.texts.arena, builder.frameNameStart, builder.frameNameEnd, frame, bytes, nameFrom)
  if (at === 0) return 0
  let id = 0
  if (startsWith(bytes, at, bytes.length, IN_GOROUTINE)) {
    at += IN_GOROUTINE.length
    for (let digits = 0; digits < 16; digits++) {
      const digit = (bytes[at] as number) - 48
      if (digit < 0 || digit > 9) break
      id = id * 10 + digit
      at += 1
    }
  }
  const end = bytes[at] === NEWLINE ? matchPlace(builder, frame, bytes, at + 1) : 0
  if (end > 0) builder.creatorId = id
  return end
}

/** `)`, newline, then the place. */
function matchRest(builder: DumpBuilder, frame: number, bytes: Uint8Array, from: number): number {
  if (bytes[from] !== 41 || bytes[from + 1] !== NEWLINE) return 0
  return matchPlace(builder, frame, bytes, from + 2)
}

/** Tab, `path:line`, perhaps ` +0x…`, newline. */
function matchPlace(builder: DumpBuilder, frame: number, bytes: Uint8Array, from: number): number {
  if (bytes[from] !== TAB || builder.framePlaceEnd[frame] === builder.framePlaceStart[frame]) return 0
  const { framePlaceStart, framePlaceEnd } = builder
  let at = matchRun(builder.places.arena, framePlaceStart, framePlaceEnd, frame, bytes, from + 1)
  if (at === 0) return 0
  if (bytes[at] === SPACE) {
    if (bytes[at + 1] !== 43 || bytes[at + 2] !== 48 || bytes[at + 3] !== 120) return 0
    at += 4
    const digitsFrom = at
    while (at - digitsFrom < 16 && (HEX[bytes[at] as number] as number) < 16) at += 1
    if (at === digitsFrom) return 0
  }
  return bytes[at] === NEWLINE ? at + 1 : 0
}

/** Compares the text with a run of the arena: where it ends in the text, or 0. The run must fit the margin. */
function matchRun(
  arena: Uint8Array,
  starts: Uint32Array,
  ends: Uint32Array,
  index: number,
  bytes: Uint8Array,
  from: number,
): number {
  const end = ends[index] as number
  let own = starts[index] as number
  if (end - own > FAST_MARGIN / 4) return 0
  let at = from
  while (own < end) if (arena[own++] !== bytes[at++]) return 0
  return at
}
