/**
 * The text of a trace: UTF-8 to strings, and how much of it is kept.
 */

/** Distinct strings are user data (log values): beyond this many bytes new ones are not kept. */
export const DEFAULT_MAX_STRING_BYTES = 256 * 1024 * 1024

/** Up to this length a loop beats the decoder. */
const SHORT_BYTES = 24
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })
/** dd-trace-go logs the ids of its spans as bytes: eight, which are text by chance only. */
const ID_BYTES = 8

/**
 * What is no UTF-8 becomes U+FFFD; where it is as long as an id, its bytes one by one (Latin-1), so that nothing of an id
 * is lost. A byte order mark is kept: it is part of the text.
 */
export function decodeText(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > SHORT_BYTES) return decoder.decode(bytes.subarray(from, to))
  let text = ''
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number
    if (byte > 127) return to - from === ID_BYTES ? decodeId(bytes, from) : decoder.decode(bytes.subarray(from, to))
    text += String.fromCharCode(byte)
  }
  return text
}

function decodeId(bytes: Uint8Array, from: number): string {
  try {
    return strict.decode(bytes.subarray(from, from + ID_BYTES))
  } catch {
    return String.fromCharCode(...bytes.subarray(from, from + ID_BYTES))
  }
}
