/**
 * Takes off what transport and terminals put around lines: carriage returns, ANSI escapes, a log prefix, docker's
 * json-file wrapping. One line in, one line out, so line numbers stay those of the file.
 * Only used once a text shows that it needs it: clean text is never copied through here.
 */
import { NEWLINE, TAB } from './lines.ts'
import { hasEscapedTab, type LogPrefix, matchPrefix } from './log-prefix.ts'

const CARRIAGE_RETURN = 13
const ESCAPE = 27
const BELL = 7

export type CleanRules = { readonly prefix?: LogPrefix | undefined; readonly isJsonLog: boolean }

export function needsCleaning(bytes: Uint8Array): boolean {
  return bytes.indexOf(CARRIAGE_RETURN) >= 0 || bytes.indexOf(ESCAPE) >= 0
}

/** Cleans bytes[from..to) line by line into `out` at `outFrom` (which may be the same memory): where it ends. */
export function cleanLines(
  rules: CleanRules,
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  outFrom: number,
): number {
  let write = outFrom
  let at = from
  while (at < to) {
    const found = bytes.indexOf(NEWLINE, at)
    const hasNewline = found >= 0 && found < to
    const lineEnd = hasNewline ? found : to
    write = cleanLine(rules, bytes, at, lineEnd, out, write)
    if (hasNewline) out[write++] = NEWLINE
    at = hasNewline ? found + 1 : to
  }
  return write
}

function cleanLine(
  rules: CleanRules,
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  outFrom: number,
): number {
  if (rules.isJsonLog) {
    const text = unwrapJsonLine(bytes, from, to)
    if (text !== undefined) return copyPlain(rules, text, 0, text.length, out, outFrom)
  }
  return copyPlain(rules, bytes, from, to, out, outFrom)
}

function copyPlain(
  rules: CleanRules,
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  outFrom: number,
): number {
  let write = outFrom
  let end = to
  while (end > from && bytes[end - 1] === CARRIAGE_RETURN) end -= 1
  for (let at = from; at < end; ) {
    if (bytes[at] === ESCAPE) at = skipEscape(bytes, at, end)
    else out[write++] = bytes[at++] as number
  }
  if (rules.prefix === undefined) return write
  const bodyFrom = matchPrefix(rules.prefix.pattern, out, outFrom, write)
  if (bodyFrom < 0) return write
  if (!hasEscapedTab(out, bodyFrom, write)) {
    out.copyWithin(outFrom, bodyFrom, write)
    return outFrom + write - bodyFrom
  }
  out[outFrom] = TAB
  out.copyWithin(outFrom + 1, bodyFrom + 4, write)
  return outFrom + 1 + write - bodyFrom - 4
}

/** Past a CSI sequence (`ESC [ … letter`), an OSC one (`ESC ] … BEL` or `ESC \`), or a two-byte one. */
function skipEscape(bytes: Uint8Array, from: number, to: number): number {
  const kind = bytes[from + 1]
  let at = from + 2
  if (kind === 91) {
    while (at < to && ((bytes[at] as number) < 64 || (bytes[at] as number) > 126)) at += 1
    return Math.min(at + 1, to)
  }
  if (kind === 93) {
    while (at < to && bytes[at] !== BELL && bytes[at] !== ESCAPE) at += 1
    return Math.min(at + (bytes[at] === ESCAPE ? 2 : 1), to)
  }
  return Math.min(at, to)
}

const JSON_LOG_HEAD = '{"log":"'

export function isJsonLog(bytes: Uint8Array): boolean {
  for (let at = 0; at < JSON_LOG_HEAD.length; at++) if (bytes[at] !== JSON_LOG_HEAD.charCodeAt(at)) return false
  return true
}

/** The `log` of docker's json-file driver, without its newline; undefined when the line is no such object. */
function unwrapJsonLine(bytes: Uint8Array, from: number, to: number): Uint8Array | undefined {
  if (!isJsonLog(bytes.subarray(from, to))) return undefined
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(from, to)))
    if (typeof parsed !== 'object' || parsed === null || !('log' in parsed)) return undefined
    if (typeof parsed.log !== 'string') return undefined
    const text = parsed.log.replace(/\r?\n$/, '').replaceAll('\n', ' ')
    const encoded = new TextEncoder().encode(text)
    return encoded.length <= to - from ? encoded : undefined
  } catch {
    return undefined
  }
}
