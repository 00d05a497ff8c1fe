/**
 * Recognises the single lines of runtime text in bytes: headers, places, what comes before and after a dump.
 * Sources: runtime/traceback.go, panic.go, signal_unix.go, os_*.go (dumpregs), runtime/pprof/pprof.go, Go 1.14-1.27.
 * A line is bytes[from..to) without its newline. Nothing here allocates, except where it says so.
 */

export const NEWLINE = 10
export const TAB = 9
export const SPACE = 32

function toBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export const HEADER = toBytes('goroutine ')
export const CREATED_BY = toBytes('created by ')
export const IN_GOROUTINE = toBytes(' in goroutine ')
export const UNAVAILABLE = toBytes('goroutine running on other thread')
export const ORIGIN = toBytes('[originating from goroutine ')
export const NON_GO = toBytes('non-Go function')
export const RUNTIME_STACK = toBytes('runtime stack:')
const THREAD_RULE = toBytes('-----')
const DEBUG1_HEADS = [toBytes('goroutine profile: total '), toBytes('goroutineleak profile: total ')]
const ELIDED = toBytes('elided...')

/** Lines that head a traceback: they become its cause. */
const CAUSE_HEADS = ['panic: ', 'fatal error: ', 'runtime: goroutine stack exceeds '].map(toBytes)
const CAUSE_TEXT = /^(?:panic|fatal error): |^SIG[A-Z0-9]+: |^Signal \d+$|^runtime: goroutine stack exceeds /

/** Lines that runtimes print around goroutines and that are no trace of anything else writing into the text. */
const KNOWN_TEXT =
  /^(?:PC=0x[0-9a-f]+ |[a-z][a-z0-9_]{1,7} +0x[0-9a-f]+$|exit status \d+$|signal arrived during |instruction bytes:|\[signal |\[originating from |runtime: |stack: frame=|0x[0-9a-f]{8,16}: |\tstack=\[|preempt off reason: |panic during panic|\t?panic: |unexpected fault address |\.\.\.)/

/** Lines of a signal's head that say nothing for people. */
const REGISTER_TEXT = /^(?:PC=0x|instruction bytes:|[a-z][a-z0-9_]{1,7} +0x[0-9a-f]+$)/
/** Lines that only come after the last goroutine. */
const END_TEXT = /^(?:exit status \d+$|[a-z][a-z0-9_]{1,7} +0x[0-9a-f]+$)/

export function isEndLine(bytes: Uint8Array, from: number, to: number): boolean {
  return END_TEXT.test(readText(bytes, from, to, 64))
}

export function isRegisterLine(bytes: Uint8Array, from: number, to: number): boolean {
  return REGISTER_TEXT.test(readText(bytes, from, to, 64))
}

export function startsWith(bytes: Uint8Array, from: number, to: number, prefix: Uint8Array): boolean {
  if (to - from < prefix.length) return false
  for (let at = 0; at < prefix.length; at++) if (bytes[from + at] !== prefix[at]) return false
  return true
}

export function endsWith(bytes: Uint8Array, from: number, to: number, suffix: Uint8Array): boolean {
  return to - from >= suffix.length && startsWith(bytes, to - suffix.length, to, suffix)
}

/** Text of a line, at most `max` bytes of it (allocates). */
export function readText(bytes: Uint8Array, from: number, to: number, max = 4096): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(from, Math.min(to, from + max)))
}

/** `...additional frames elided...`, `...23 frames elided...`. */
export function isElidedLine(bytes: Uint8Array, from: number, to: number): boolean {
  return bytes[from] === 46 && bytes[from + 1] === 46 && bytes[from + 2] === 46 && endsWith(bytes, from, to, ELIDED)
}

export function isThreadRule(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from === THREAD_RULE.length && startsWith(bytes, from, to, THREAD_RULE)
}

/** `goroutine profile: total 12`: 0 when it is another line, 1 for goroutine, 2 for goroutineleak. */
export function readDebug1Head(bytes: Uint8Array, from: number, to: number): 0 | 1 | 2 {
  if (bytes[from] !== 103) return 0
  if (startsWith(bytes, from, to, DEBUG1_HEADS[0] as Uint8Array)) return 1
  return startsWith(bytes, from, to, DEBUG1_HEADS[1] as Uint8Array) ? 2 : 0
}

/** `panic: …`, `fatal error: …`, `SIGQUIT: quit`, `Signal 34`. */
export function isCauseLine(bytes: Uint8Array, from: number, to: number): boolean {
  const first = bytes[from]
  if (first === 83) return CAUSE_TEXT.test(readText(bytes, from, to, 64))
  if (first !== 112 && first !== 102 && first !== 114) return false
  return CAUSE_HEADS.some((head) => startsWith(bytes, from, to, head))
}

export function isKnownLine(bytes: Uint8Array, from: number, to: number): boolean {
  return KNOWN_TEXT.test(readText(bytes, from, to, 64))
}

/** The parts of a goroutine header. One object per reader, filled again and again. */
export type HeaderParts = {
  id: number
  bracketFrom: number
  bracketTo: number
  labelsFrom: number
  labelsTo: number
  /** `gp=0x…`: printed at GOTRACEBACK=system and crash, and for the goroutine that throws. */
  hasGp: boolean
}

/**
 * `goroutine 12 gp=0xc… m=3 mp=0xc… [chan receive, 2 minutes] {op: x}:` → parts; false when it is another line.
 * The first `]` ends the bracket unless the line ends in `]:` (Go 1.26 has labels, which may hold any byte, inside).
 */
export function readHeader(bytes: Uint8Array, from: number, to: number, parts: HeaderParts): boolean {
  if (!startsWith(bytes, from, to, HEADER)) return false
  if (bytes[to - 1] !== 58) return false
  let at = from + HEADER.length
  let id = 0
  const digitsFrom = at
  for (; at < to; at++) {
    const digit = (bytes[at] as number) - 48
    if (digit < 0 || digit > 9) break
    id = id * 10 + digit
  }
  if (at === digitsFrom || at - digitsFrom > 16 || bytes[at] !== SPACE) return false
  const hasGp = bytes[at + 1] === 103
  if (hasGp) {
    const limit = Math.min(to, at + 120)
    while (at < limit && bytes[at + 1] !== 91) at += 1
  }
  if (bytes[at + 1] !== 91) return false
  const bracketFrom = at + 2
  const last = bytes[to - 2]
  parts.labelsFrom = 0
  parts.labelsTo = 0
  if (last === 93) parts.bracketTo = to - 2
  else if (last === 125) {
    const close = bytes.indexOf(93, bracketFrom)
    if (close < 0 || close > to - 4 || bytes[close + 1] !== SPACE || bytes[close + 2] !== 123) return false
    parts.bracketTo = close
    parts.labelsFrom = close + 3
    parts.labelsTo = to - 2
  } else return false
  if (parts.bracketTo <= bracketFrom) return false
  parts.id = id
  parts.bracketFrom = bracketFrom
  parts.hasGp = hasGp
  return true
}

/** The parts of a place line. One object per reader, filled again and again. */
export type PlaceParts = {
  /** `path:line`; empty for a cgo frame without a file. */
  from: number
  to: number
  fileEnd: number
  line: number
}

/**
 * `\t/path/x.go:12 +0x1d fp=0x… sp=0x… pc=0x…`, `\tx.c:3 pc=0x…`, `\tpc=0x…` → parts; false when it is another line.
 * Read from the right, since a path may hold spaces, colons and parentheses. Leading tabs or spaces are the sign of
 * a place; without any (a log shipper trimmed them) ` +0x…` must be there.
 */
export function readPlace(bytes: Uint8Array, lineFrom: number, lineTo: number, parts: PlaceParts): boolean {
  let from = lineFrom
  while (from < lineTo && (bytes[from] === TAB || bytes[from] === SPACE)) from += 1
  let to = lineTo
  let hasOffset = false
  for (;;) {
    const suffix = findAddressSuffix(bytes, from, to)
    if (suffix < 0) break
    hasOffset = true
    to = suffix
    while (to > from && bytes[to - 1] === SPACE) to -= 1
  }
  if (from === lineFrom && !hasOffset) return false
  parts.from = from
  parts.to = to
  parts.fileEnd = to
  parts.line = 0
  if (to === from) return hasOffset
  let line = 0
  let scale = 1
  let at = to - 1
  for (; at > from; at--) {
    const digit = (bytes[at] as number) - 48
    if (digit < 0 || digit > 9) break
    line += digit * scale
    scale *= 10
  }
  if (bytes[at] !== 58 || at === to - 1 || at === from) return false
  parts.fileEnd = at
  parts.line = line <= 0xffff_ffff ? line : 0
  return true
}

/** Where ` +0x1d`, ` fp=0x…`, ` sp=0x…` or ` pc=0x…` begins that ends the line; -1 when none does. */
function findAddressSuffix(bytes: Uint8Array, from: number, to: number): number {
  let at = to - 1
  while (at >= from && isHexDigit(bytes[at] as number)) at -= 1
  if (at === to - 1 || at < from + 2 || bytes[at] !== 120 || bytes[at - 1] !== 48) return -1
  at -= 2
  if (bytes[at] === 43) return at > from && bytes[at - 1] === SPACE ? at : -1
  if (bytes[at] !== 61 || at < from + 2) return -1
  const letter = bytes[at - 2]
  if ((bytes[at - 1] !== 112 && bytes[at - 1] !== 99) || (letter !== 102 && letter !== 115 && letter !== 112)) return -1
  const start = at - 2
  return start === from || bytes[start - 1] === SPACE ? start : -1
}

function isHexDigit(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 102)
}

/** Index of the `(` that opens the arguments of a line that ends in `)`; -1 when it does not. */
export function findArgsOpen(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[to - 1] !== 41) return -1
  for (let at = to - 2; at > from; at--) {
    const byte = bytes[at]
    if (byte === 40) return at
    if (byte === 41) return -1
  }
  return -1
}
