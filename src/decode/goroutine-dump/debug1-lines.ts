/**
 * The lines of debug=1: `N @ pcs`, `# labels: {…}`, `#\t0xpc\tfunc+0xoff\tfile:line`, a blank line between groups.
 * Source: printCountProfile and printStackRecord in runtime/pprof/pprof.go (written through a tabwriter, which puts
 * one or more tabs between cells). No ids, no reasons; runtime frames at the leaf are not printed at all.
 */
import { goroutineFlags } from '../../model/goroutine-dump.ts'
import type { DumpBuilder } from './dump-builder.ts'
import * as lines from './lines.ts'

/** What the reader shares: the dump in hand and whether a group is open. */
export type Debug1Host = {
  readonly builder: DumpBuilder | undefined
  readonly line: number
  hasRow: boolean
  endRow(): void
}

const HASH = 35
const AT_SIGN = 64
const LABELS = new TextEncoder().encode('# labels: {')
const place: lines.PlaceParts = { from: 0, to: 0, fileEnd: 0, line: 0 }

/** False when the line is none of debug=1: the dump ends before it. */
export function readDebug1Line(
  host: Debug1Host,
  bytes: Uint8Array,
  from: number,
  to: number,
  hasNewline: boolean,
): boolean {
  const builder = host.builder
  if (builder === undefined) return false
  if (to === from) {
    if (host.hasRow) host.endRow()
    return true
  }
  if (!hasNewline) builder.isCut = true
  if (bytes[from] === HASH) {
    if (!host.hasRow) return !hasNewline
    if (!hasNewline) builder.rowFlags |= goroutineFlags.cut
    if (bytes[from + 1] === lines.TAB) return readStackLine(builder, bytes, from + 2, to, hasNewline)
    if (lines.startsWith(bytes, from, to, LABELS) && bytes[to - 1] === 125) {
      builder.internLabels(bytes, from + LABELS.length, to - 1)
      return true
    }
    return !hasNewline
  }
  const count = readGroupCount(bytes, from, to)
  if (count === undefined) return !hasNewline
  if (host.hasRow) host.endRow()
  builder.startRow(0, host.line)
  builder.count = count
  builder.rowFlags = builder.groupFlags
  host.hasRow = true
  return true
}

/** `12 @ 0x43e0ee 0x44f2a5`; the addresses are checked by their first bytes only. */
function readGroupCount(bytes: Uint8Array, from: number, to: number): number | undefined {
  let count = 0
  let at = from
  for (; at < to && at - from < 10; at++) {
    const digit = (bytes[at] as number) - 48
    if (digit < 0 || digit > 9) break
    count = count * 10 + digit
  }
  if (at === from || bytes[at] !== lines.SPACE || bytes[at + 1] !== AT_SIGN || count > 0xffff_ffff) return undefined
  const isPlain = at + 2 === to || (bytes[at + 2] === lines.SPACE && (at + 3 === to || bytes[at + 3] === 48))
  return isPlain ? count : undefined
}

/** `0xpc` [tabs `func+0xoff` tabs `file:line`]; without a name the address stands for it. */
function readStackLine(
  builder: DumpBuilder,
  bytes: Uint8Array,
  from: number,
  to: number,
  hasNewline: boolean,
): boolean {
  let at = from
  while (at < to && bytes[at] !== lines.TAB) at += 1
  if (bytes[from] !== 48 || bytes[from + 1] !== 120) return !hasNewline
  if (at === to) {
    if (hasNewline) builder.pushFrame(builder.internFrame(bytes, from, to, 0, 0, 0, 0, false))
    return true
  }
  while (at < to && bytes[at] === lines.TAB) at += 1
  const nameFrom = at
  while (at < to && bytes[at] !== lines.TAB) at += 1
  if (at === to) return !hasNewline
  let nameTo = at
  for (let plus = at - 1; plus > nameFrom; plus--) {
    if (bytes[plus] !== 43) continue
    if (bytes[plus + 1] === 48 && bytes[plus + 2] === 120) nameTo = plus
    break
  }
  const hasPlace = hasNewline && lines.readPlace(bytes, at, to, place)
  const frame = hasPlace
    ? builder.internFrame(bytes, nameFrom, nameTo, place.from, place.to, place.fileEnd, place.line, false)
    : builder.internFrame(bytes, nameFrom, nameTo, 0, 0, 0, 0, false)
  builder.pushFrame(frame)
  return true
}
