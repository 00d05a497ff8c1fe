/**
 * Tells from the head of a text whether it is a goroutine dump. `yes`: a goroutine header or a debug=1 head is in it.
 * `maybe`: text in which one may come later (a log, a panic whose goroutines are beyond the head): decode to know.
 * `no`: binary, or text that begins like another format.
 */
import * as lines from './lines.ts'
import { findLogPrefix } from './log-prefix.ts'
import { cleanLines, isJsonLog, needsCleaning } from './text-cleaner.ts'

const MAX_HEAD_BYTES = 256 * 1024
/** What JSON, HTML, XML and Prometheus text begin with. */
const OTHER_TEXT = /^\s*(?:[{<]|\[[\s{["\d]|# (?:HELP|TYPE|UNIT|EOF)\b)/

export function detectGoroutineDump(head: Uint8Array): 'yes' | 'maybe' | 'no' {
  const bytes = readPlainText(head.subarray(0, MAX_HEAD_BYTES))
  if (bytes === undefined) return 'no'
  const header: lines.HeaderParts = { id: 0, bracketFrom: 0, bracketTo: 0, labelsFrom: 0, labelsTo: 0, hasGp: false }
  let isLikely = isJsonLog(head)
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(lines.NEWLINE, from)
    const to = newline < 0 ? bytes.length : newline
    if (lines.readHeader(bytes, from, to, header) || lines.readDebug1Head(bytes, from, to) > 0) return 'yes'
    if (lines.isCauseLine(bytes, from, to)) isLikely = true
    if (bytes[to - 1] === 58 && (bytes[to - 2] === 93 || bytes[to - 2] === 125) && newline >= 0) {
      const found = findLogPrefix(bytes, from, to, true)
      if (typeof found === 'object') return 'yes'
    }
    from = to + 1
  }
  if (isLikely) return 'maybe'
  return bytes.length === 0 || OTHER_TEXT.test(lines.readText(bytes, 0, bytes.length, 256)) ? 'no' : 'maybe'
}

/** The head as clean UTF-8 text; undefined when it is binary. */
function readPlainText(head: Uint8Array): Uint8Array | undefined {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    const text = new TextDecoder(head[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(head)
    return text.includes('\0') ? undefined : clean(new TextEncoder().encode(text))
  }
  if (head.indexOf(0) >= 0 || (head[0] === 0x1f && head[1] === 0x8b)) return undefined
  const isMarked = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf
  return clean(isMarked ? head.subarray(3) : head)
}

function clean(bytes: Uint8Array): Uint8Array {
  const isJson = isJsonLog(bytes)
  if (!isJson && !needsCleaning(bytes)) return bytes
  const out = new Uint8Array(bytes.length)
  return out.subarray(0, cleanLines({ isJsonLog: isJson }, bytes, 0, bytes.length, out, 0))
}
