/**
 * A log shipper's prefix before every line of a dump: docker and Kubernetes time stamps, journald and syslog heads,
 * compose and pod names. It is taken off only when its shape is constant: the text before `goroutine N [..]:`, with
 * every run of digits free, must stand before the next line as well, and that line must be a frame.
 * Also the prefix that a logger puts before the first line only (`log.Printf("%s", debug.Stack())`).
 */
import * as lines from './lines.ts'

export type LogPrefix = {
  /** Literal bytes; 0 stands for a run of one or more digits. */
  readonly pattern: Uint8Array
  /** True when only the header line has it. */
  readonly isOnce: boolean
}

const MAX_PREFIX_BYTES = 512
/** rsyslog writes a tab as `#011`. */
const ESCAPED_TAB = new TextEncoder().encode('#011')

/**
 * The prefix of the line bytes[from..to) when a goroutine header stands behind it; undefined when none does.
 * `needs-more`: the lines below it are not there yet. `unsafe`: there is a header, but no constant prefix.
 */
export function findLogPrefix(
  bytes: Uint8Array,
  from: number,
  to: number,
  isLast: boolean,
): LogPrefix | 'needs-more' | 'unsafe' | undefined {
  const headerAt = findHeader(bytes, from, to)
  if (headerAt === undefined) return undefined
  if (isDigit(bytes[headerAt - 1] as number)) return 'unsafe'
  const pattern = compilePattern(bytes, from, headerAt)
  const second = readNextLine(bytes, to, isLast)
  if (second === 'needs-more') return 'needs-more'
  if (second === undefined) return 'unsafe'
  const bodyFrom = matchPrefix(pattern, bytes, second.from, second.to)
  if (bodyFrom > 0) return isFrameLine(bytes, bodyFrom, second.to) ? { pattern, isOnce: false } : 'unsafe'
  if (!isFrameLine(bytes, second.from, second.to)) return 'unsafe'
  const third = readNextLine(bytes, second.newlineAt, isLast)
  if (third === 'needs-more') return 'needs-more'
  return third !== undefined && bytes[third.from] === lines.TAB ? { pattern, isOnce: true } : 'unsafe'
}

/** Where the text behind the prefix begins (bytes[from..to) is the line), or -1 when the line has no such prefix. */
export function matchPrefix(pattern: Uint8Array, bytes: Uint8Array, from: number, to: number): number {
  let at = from
  for (let step = 0; step < pattern.length; step++) {
    const want = pattern[step] as number
    if (at >= to) return isBlank(pattern, step) ? to : -1
    if (want === 0) {
      if (!isDigit(bytes[at] as number)) return -1
      while (at < to && isDigit(bytes[at] as number)) at += 1
    } else if (bytes[at] === want) at += 1
    else return -1
  }
  return at
}

/** Whether the text behind a prefix begins with an escaped tab. */
export function hasEscapedTab(bytes: Uint8Array, from: number, to: number): boolean {
  return lines.startsWith(bytes, from, to, ESCAPED_TAB)
}

const header: lines.HeaderParts = { id: 0, bracketFrom: 0, bracketTo: 0, labelsFrom: 0, labelsTo: 0, hasGp: false }

function findHeader(bytes: Uint8Array, from: number, to: number): number | undefined {
  const limit = Math.min(to, from + MAX_PREFIX_BYTES)
  for (let at = from + 1; at < limit; at++) {
    if (bytes[at] === 103 && lines.readHeader(bytes, at, to, header)) return at
  }
  return undefined
}

function compilePattern(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const pattern: number[] = []
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number
    if (!isDigit(byte)) pattern.push(byte)
    else if (pattern.at(-1) !== 0) pattern.push(0)
  }
  return Uint8Array.from(pattern)
}

type Line = { readonly from: number; readonly to: number; readonly newlineAt: number }

function readNextLine(bytes: Uint8Array, newlineAt: number, isLast: boolean): Line | 'needs-more' | undefined {
  const from = newlineAt + 1
  const newline = from > bytes.length ? -1 : bytes.indexOf(lines.NEWLINE, from)
  if (newline < 0) return isLast || bytes.length - from > 65536 ? undefined : 'needs-more'
  return { from, to: newline, newlineAt: newline }
}

function isFrameLine(bytes: Uint8Array, from: number, to: number): boolean {
  if (to <= from) return false
  if (bytes[to - 1] === 41) return true
  let at = from
  while (at < to && (bytes[at] === lines.TAB || bytes[at] === lines.SPACE)) at += 1
  if (hasEscapedTab(bytes, at, to)) at += ESCAPED_TAB.length
  return lines.startsWith(bytes, at, to, lines.UNAVAILABLE) || lines.startsWith(bytes, at, to, lines.NON_GO)
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}

/** A shipper trims the blanks at the end of an empty line. */
function isBlank(pattern: Uint8Array, from: number): boolean {
  for (let step = from; step < pattern.length; step++) {
    if (pattern[step] !== lines.SPACE && pattern[step] !== lines.TAB) return false
  }
  return true
}
