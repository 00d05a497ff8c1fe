/**
 * The string table of a profile, made fast: a stretch of it is decoded once, its strings are slices of that.
 * Enters: where each string starts and ends. Leaves: the strings, and how many were not valid UTF-8.
 * ASCII strings (nearly all) cost one slice; others are decoded on their own, damaged bytes as U+FFFD.
 */

/** A stretch decoded at once; slices keep it alive, so it is no larger than this. */
const STRETCH_BYTES = 1 << 20
/** Strings closer than this share a stretch: between neighbours stand only a tag and a length. */
const GAP_BYTES = 16

export function readStrings(
  bytes: Uint8Array,
  starts: Uint32Array,
  ends: Uint32Array,
): { readonly strings: string[]; readonly damaged: number } {
  const count = starts.length
  const strings: string[] = new Array(count)
  const wide = new TextDecoder('latin1')
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  let damaged = 0
  let row = 0
  while (row < count) {
    const from = starts[row] as number
    let last = row
    while (
      last + 1 < count &&
      (starts[last + 1] as number) - (ends[last] as number) < GAP_BYTES &&
      (ends[last + 1] as number) - from <= STRETCH_BYTES
    ) {
      last++
    }
    const stretch = wide.decode(bytes.subarray(from, ends[last]))
    for (; row <= last; row++) {
      const start = starts[row] as number
      const end = ends[row] as number
      if (isAscii(bytes, start, end)) {
        strings[row] = stretch.substring(start - from, end - from)
        continue
      }
      const text = utf8.decode(bytes.subarray(start, end))
      strings[row] = text
      if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) damaged++
    }
  }
  return { strings, damaged }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let seen = 0
  for (let at = start; at < end; at++) seen |= bytes[at] as number
  return seen < 0x80
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}
