/**
 * Reads traceback text (debug=2, panic, fatal error, SIGQUIT) line by line out of bytes into DumpBuilders.
 * Fast path: what followed the last frame once is likely to follow it again, so its bytes are compared first and
 * nothing is searched or hashed. Slow path: any line, whatever it is. Both give the same rows.
 * The cursor is a field, never a closed-over local (V8 14.6 miscompiled those, measured).
 * Enters: windows of whole text with the newlines they have. Leaves: each finished dump through `sink`.
 */
import { goroutineFlags } from '../../model/goroutine-dump.ts'
import { readDebug1Line } from './debug1-lines.ts'
import { DumpBuilder } from './dump-builder.ts'
import { FAST_MARGIN, matchCreator, matchFrame, readArgs } from './frame-text.ts'
import { growColumn } from './intern.ts'
import { type FullDumpLimits, MAX_LINE_BYTES } from './limits.ts'
import * as lines from './lines.ts'
import { findLogPrefix, type LogPrefix, matchPrefix } from './log-prefix.ts'

/** outside: between goroutines. body: in a goroutine. skip: a stack that is no goroutine's. debug1: counted groups. */
type ReaderState = 'outside' | 'body' | 'skip' | 'debug1'

/** Text that stays behind the cursor: a cause line is looked for there when its log prefix is found. */
export const HISTORY_BYTES = 4096
const MAX_CAUSE_BYTES = 4096
/** A cause must be followed by its goroutines within this many lines. */
const MAX_CAUSE_LINES = 2000
const MAX_CAUSE_GAP_LINES = 3

export type FinishedDump = { readonly builder: DumpBuilder; readonly isCut: boolean }

export class TracebackReader {
  private readonly limits: FullDumpLimits
  private readonly sink: (dump: FinishedDump) => void
  private bytes: Uint8Array = new Uint8Array(0)
  private end = 0
  at = 0
  /** Number of the line at `at`, from 1. */
  line = 1
  state: ReaderState = 'outside'
  builder: DumpBuilder | undefined
  /** A limit was reached: the rest of the text is not read. */
  isFull = false
  /** Set when goroutine lines were found behind a log prefix: the feeder takes it off from `at` on. */
  foundPrefix: LogPrefix | undefined
  /** Prefixes that were seen but could not be taken off safely. */
  unsafePrefixes = 0

  /** A row is open. */
  hasRow = false
  private skipsLongLine = false
  private lastFrame = 0
  private bracket = 0
  private firstFrames: Uint32Array = new Uint32Array(64)
  private hasCreator = false
  private bodyNoise = 0
  private sawNoise = false
  /** A `-----` line since the last goroutine: what follows is another thread of the same crash. */
  private isAfterRule = false
  private isInThreads = false
  /** Registers or an exit status since the last goroutine: the dump is over unless a `-----` follows. */
  private sawEnd = false
  private causeText = ''
  private causeLine = 0
  private hasCause = false
  private readonly header: lines.HeaderParts = {
    id: 0,
    bracketFrom: 0,
    bracketTo: 0,
    labelsFrom: 0,
    labelsTo: 0,
    hasGp: false,
  }
  private readonly place: lines.PlaceParts = { from: 0, to: 0, fileEnd: 0, line: 0 }

  constructor(limits: FullDumpLimits, sink: (dump: FinishedDump) => void) {
    this.limits = limits
    this.sink = sink
  }

  /**
   * Reads what can be read of `bytes` from `from` on and returns where it stopped; the caller brings the rest
   * again, with more behind it and HISTORY_BYTES before it. With `isLast`, everything is read. Returns early when
   * `foundPrefix` is set.
   */
  read(bytes: Uint8Array, from: number, isLast: boolean): number {
    this.bytes = bytes
    this.end = bytes.length
    this.at = from
    while (this.at < this.end && !this.isFull && this.foundPrefix === undefined) {
      if (this.state === 'body') {
        while (this.tryGuess());
        if (this.at >= this.end) break
      }
      if (!this.readLine(isLast)) break
      if (this.builder?.fullOf !== undefined) this.isFull = true
    }
    return this.at
  }

  get openCause(): string | undefined {
    return this.hasCause ? trimCause(this.causeText) : undefined
  }

  /** Ends the text: what is open becomes a row, the dump goes to the sink. */
  finish(): void {
    const builder = this.builder
    if (builder === undefined) return
    const hasNoStack = (builder.rowFlags & goroutineFlags.stackUnavailable) === 0 && builder.depth === 0
    if (this.hasRow && hasNoStack && !this.isFull) {
      builder.rowFlags |= goroutineFlags.cut
      builder.isCut = true
    }
    if (this.hasRow) this.endRow()
    if (builder.declaredCount !== undefined && builder.declaredCount > builder.goroutineCount) builder.isCut = true
    this.endDump(builder.isCut)
  }

  /** One line on the slow path; false when more bytes are needed to judge it. */
  private readLine(isLast: boolean): boolean {
    const newline = this.bytes.indexOf(lines.NEWLINE, this.at)
    const hasNewline = newline >= 0
    const to = hasNewline ? newline : this.end
    if (this.skipsLongLine || to - this.at > MAX_LINE_BYTES) {
      this.skipsLongLine = !hasNewline
      this.at = hasNewline ? newline + 1 : this.end
      if (hasNewline) this.line += 1
      this.noteNoise()
      return true
    }
    if (!hasNewline && !isLast) return false
    const from = this.at
    if (this.state === 'debug1') {
      if (readDebug1Line(this, this.bytes, from, to, hasNewline)) return this.advance(to, hasNewline)
      this.endDump(false)
    }
    if (this.state === 'body') return this.readBodyLine(from, to, hasNewline, isLast)
    if (this.state === 'skip') {
      if (to === from || lines.startsWith(this.bytes, from, to, lines.HEADER)) {
        if (this.hasRow) this.endRow()
        this.state = 'outside'
        if (to > from) return true
      }
      return this.advance(to, hasNewline)
    }
    return this.readOutsideLine(from, to, hasNewline, isLast)
  }

  private advance(to: number, hasNewline: boolean): true {
    this.at = hasNewline ? to + 1 : to
    if (hasNewline) this.line += 1
    return true
  }

  private readOutsideLine(from: number, to: number, hasNewline: boolean, isLast: boolean): boolean {
    const bytes = this.bytes
    if (to === from) return this.advance(to, hasNewline)
    if (bytes[from] === 103 && lines.readHeader(bytes, from, to, this.header)) {
      this.startRow()
      return this.advance(to, hasNewline)
    }
    const debug1 = lines.readDebug1Head(bytes, from, to)
    if (debug1 > 0) {
      this.endDump(false)
      const builder = new DumpBuilder('debug1', this.limits)
      if (debug1 === 2) builder.groupFlags = goroutineFlags.leaked
      const total = Number.parseInt(lines.readText(bytes, bytes.indexOf(58, from) + 8, to, 20), 10)
      if (Number.isSafeInteger(total)) builder.declaredCount = total
      this.builder = builder
      this.state = 'debug1'
      return this.advance(to, hasNewline)
    }
    if (lines.isThreadRule(bytes, from, to)) {
      this.isAfterRule = this.builder !== undefined
      return this.advance(to, hasNewline)
    }
    if (lines.isCauseLine(bytes, from, to)) {
      this.startCause(from, to)
      return this.advance(to, hasNewline)
    }
    if (lines.startsWith(bytes, from, to, lines.RUNTIME_STACK)) {
      this.state = 'skip'
      return this.advance(to, hasNewline)
    }
    if (!hasNewline && this.builder !== undefined && isHeaderStart(bytes, from, to)) this.builder.isCut = true
    if (to - from > 16 && bytes[to - 1] === 58 && (bytes[to - 2] === 93 || bytes[to - 2] === 125)) {
      const found = findLogPrefix(bytes, from, to, isLast)
      if (found === 'needs-more') return false
      if (found === 'unsafe') this.unsafePrefixes += 1
      else if (found !== undefined) {
        this.foundPrefix = found
        if (!found.isOnce && !this.hasCause) this.findCauseBehind(found.pattern, from)
        return true
      }
    }
    if (this.hasCause) {
      if (this.causeText.length < MAX_CAUSE_BYTES && !lines.isRegisterLine(bytes, from, to)) {
        this.causeText += `\n${lines.readText(bytes, from, to, MAX_CAUSE_BYTES - this.causeText.length)}`
      }
    } else if (this.builder !== undefined) this.noteOther(from, to)
    return this.advance(to, hasNewline)
  }

  private readBodyLine(from: number, to: number, hasNewline: boolean, isLast: boolean): boolean {
    const bytes = this.bytes
    const builder = this.builder as DumpBuilder
    const first = bytes[from]
    if (to === from) {
      this.endRow()
      this.state = 'outside'
      return this.advance(to, hasNewline)
    }
    if (first === 46 && lines.isElidedLine(bytes, from, to)) {
      builder.rowFlags |= goroutineFlags.framesElided
      return this.advance(to, hasNewline)
    }
    if (first === 91 && lines.startsWith(bytes, from, to, lines.ORIGIN)) {
      builder.issues.add(
        'SL_DECODE_DUMP_PART_SKIPPED',
        'stacks of ancestors (GODEBUG=tracebackancestors) are not kept',
        {
          severity: 'info',
          at: { line: this.line },
        },
      )
      this.state = 'skip'
      return this.advance(to, hasNewline)
    }
    let textFrom = from
    while (textFrom < to && (bytes[textFrom] === lines.TAB || bytes[textFrom] === lines.SPACE)) textFrom += 1
    if (lines.startsWith(bytes, textFrom, to, lines.UNAVAILABLE)) {
      builder.rowFlags |= goroutineFlags.stackUnavailable
      return this.advance(to, hasNewline)
    }
    if (
      this.hasCreator ||
      (first === 103 && lines.readHeader(bytes, from, to, this.header)) ||
      lines.isThreadRule(bytes, from, to) ||
      lines.isCauseLine(bytes, from, to)
    ) {
      this.endRow()
      this.state = 'outside'
      return true
    }
    return this.readFrameLines(from, to, hasNewline, isLast)
  }

  /** A function line and the place line below it; anything else is noise. */
  private readFrameLines(from: number, to: number, hasNewline: boolean, isLast: boolean): boolean {
    const bytes = this.bytes
    const builder = this.builder as DumpBuilder
    if (!hasNewline) {
      builder.isCut = true
      builder.rowFlags |= goroutineFlags.cut
      return this.advance(to, hasNewline)
    }
    const isCreator = lines.startsWith(bytes, from, to, lines.CREATED_BY)
    const isNonGo = lines.startsWith(bytes, from, to, lines.NON_GO)
    const nextFrom = to + 1
    let nextTo = bytes.indexOf(lines.NEWLINE, nextFrom)
    const nextHasNewline = nextTo >= 0
    if (!nextHasNewline) {
      if (!isLast && this.end - nextFrom <= MAX_LINE_BYTES) return false
      nextTo = this.end
    }
    const place = this.place
    const hasPlace =
      nextTo > nextFrom && nextTo - nextFrom <= MAX_LINE_BYTES && lines.readPlace(bytes, nextFrom, nextTo, place)
    const isLastLine = isLast && !nextHasNewline
    const couldBeFunction = bytes[to - 1] === 41 || isCreator
    if (!hasPlace && !isNonGo && !(isLastLine && couldBeFunction)) {
      this.noteOther(from, to)
      return this.advance(to, hasNewline)
    }
    if (this.bodyNoise > 0) {
      builder.issues.add('SL_DECODE_DUMP_PART_SKIPPED', 'lines between the frames of a goroutine are no frames', {
        at: { line: this.line },
        count: this.bodyNoise,
      })
      this.bodyNoise = 0
    }
    // A last line without a newline may be cut anywhere: its line number counts only when something follows it.
    if (!hasPlace || (isLastLine && place.to === nextTo)) {
      place.from = 0
      place.to = 0
      place.fileEnd = 0
      place.line = 0
    }
    if (isCreator) this.addCreator(from, to)
    else this.addFrame(from, to)
    const doneTo = hasPlace || isLastLine ? nextTo : to
    this.line += 1
    if (doneTo === nextTo && nextTo > nextFrom) {
      if (nextHasNewline) this.line += 1
      this.at = nextHasNewline ? nextTo + 1 : nextTo
    } else this.at = nextFrom
    if (isLastLine) {
      builder.isCut = true
      if (place.to === 0 || !hasPlace) builder.rowFlags |= goroutineFlags.cut
    }
    return true
  }

  private addFrame(from: number, to: number): void {
    const bytes = this.bytes
    const builder = this.builder as DumpBuilder
    const place = this.place
    let nameTo = to
    let isInlined = false
    const open = lines.findArgsOpen(bytes, from, to)
    if (open > 0) {
      isInlined = to - open === 5 && bytes[open + 1] === 46 && bytes[open + 2] === 46 && bytes[open + 3] === 46
      if (isInlined || readArgs(builder, bytes, open + 1, to) === to - 1) nameTo = open
    }
    if (lines.startsWith(bytes, from, to, lines.NON_GO)) nameTo = from + lines.NON_GO.length
    const frame = builder.internFrame(bytes, from, nameTo, place.from, place.to, place.fileEnd, place.line, isInlined)
    this.noteNext(frame)
    builder.pushFrame(frame)
  }

  private noteNext(frame: number): void {
    const builder = this.builder as DumpBuilder
    if (this.lastFrame > 0) builder.nextFrame[this.lastFrame - 1] = frame + 1
    else this.firstFrames[this.bracket] = frame + 1
    this.lastFrame = frame + 1
  }

  private addCreator(from: number, to: number): void {
    const bytes = this.bytes
    const builder = this.builder as DumpBuilder
    const place = this.place
    const nameFrom = from + lines.CREATED_BY.length
    let nameTo = to
    let at = to - 1
    let id = 0
    let scale = 1
    for (; at > nameFrom; at--) {
      const digit = (bytes[at] as number) - 48
      if (digit < 0 || digit > 9) break
      id += digit * scale
      scale *= 10
    }
    if (at < to - 1 && lines.endsWith(bytes, nameFrom, at + 1, lines.IN_GOROUTINE)) {
      nameTo = at + 1 - lines.IN_GOROUTINE.length
      builder.creatorId = id
    }
    const frame = builder.internFrame(bytes, nameFrom, nameTo, place.from, place.to, place.fileEnd, place.line, false)
    if (this.lastFrame > 0) builder.nextCreator[this.lastFrame - 1] = frame + 1
    builder.creatorPlusOne = frame + 1
    this.hasCreator = true
  }

  /** Takes the frame or creator that came after the last frame before, if the text is the same; false if it is not. */
  private tryGuess(): boolean {
    if (this.hasCreator || this.at + FAST_MARGIN > this.end) return false
    const builder = this.builder as DumpBuilder
    const last = this.lastFrame
    const guess = (last === 0 ? this.firstFrames[this.bracket] : builder.nextFrame[last - 1]) as number
    let end = guess > 0 ? matchFrame(builder, guess - 1, this.bytes, this.at) : 0
    if (end > 0) {
      builder.pushFrame(guess - 1)
      this.lastFrame = guess
    } else {
      if (last === 0 || this.bytes[this.at] !== 99) return false
      const creator = builder.nextCreator[last - 1] as number
      if (creator > 0) end = matchCreator(builder, creator - 1, this.bytes, this.at)
      if (end === 0) return false
      builder.creatorPlusOne = creator
      this.hasCreator = true
    }
    this.at = end
    this.line += 2
    return true
  }

  /** The cause stands above the header with the same prefix: looked for in the text just read. */
  private findCauseBehind(pattern: Uint8Array, headerFrom: number): void {
    const bytes = this.bytes
    const oldest = Math.max(0, headerFrom - HISTORY_BYTES)
    let to = headerFrom - 1
    while (to > oldest) {
      const from = to === 0 ? 0 : bytes.lastIndexOf(lines.NEWLINE, to - 1) + 1
      if (from < oldest) return
      const bodyFrom = matchPrefix(pattern, bytes, from, to)
      if (bodyFrom < 0 || lines.readHeader(bytes, bodyFrom, to, this.header)) return
      if (lines.isCauseLine(bytes, bodyFrom, to)) {
        this.startCause(bodyFrom, to)
        return
      }
      to = from - 1
    }
  }

  private startCause(from: number, to: number): void {
    if (this.isAfterRule && this.builder !== undefined) return
    if (this.builder !== undefined) this.endDump(false)
    const text = lines.readText(this.bytes, from, to, MAX_CAUSE_BYTES)
    // `runtime: goroutine stack exceeds …` and `fatal error: stack overflow` are one cause.
    const isSameCause = this.hasCause && this.line - this.causeLine <= MAX_CAUSE_GAP_LINES
    this.causeText = isSameCause ? `${this.causeText}\n${text}` : text
    this.causeLine = this.line
    this.hasCause = true
  }

  private startRow(): void {
    const header = this.header
    const bytes = this.bytes
    if (this.hasCause && this.line - this.causeLine > MAX_CAUSE_LINES) this.hasCause = false
    const known = header.id === 0 ? undefined : this.builder?.findRow(header.id)
    const isRunning = bytes[header.bracketFrom] === 114 && bytes[header.bracketFrom + 4] === 105
    if (this.builder !== undefined) {
      const startsAnother = known !== undefined || this.sawEnd || (this.sawNoise && isRunning)
      if (this.isAfterRule) this.isInThreads = true
      else if (startsAnother && (this.sawEnd || !this.isInThreads)) this.endDump(false)
    }
    this.isAfterRule = false
    if (this.builder === undefined) {
      this.builder = new DumpBuilder(this.hasCause ? 'traceback' : 'debug2', this.limits)
      if (this.hasCause) this.builder.cause = trimCause(this.causeText)
      this.firstFrames.fill(0)
      this.isInThreads = false
    }
    this.hasCause = false
    const builder = this.builder
    builder.sawGp ||= header.hasGp
    builder.startRow(header.id, this.line)
    this.bracket = builder.internBracket(bytes, header.bracketFrom, header.bracketTo)
    if (this.bracket >= this.firstFrames.length) {
      this.firstFrames = growColumn(this.firstFrames, this.bracket + 1)
    }
    if (header.labelsTo > header.labelsFrom) builder.internLabels(bytes, header.labelsFrom, header.labelsTo)
    this.hasRow = true
    this.lastFrame = 0
    this.hasCreator = false
    this.bodyNoise = 0
    this.sawNoise = false
    this.sawEnd = false
    this.state = 'body'
  }

  /** Closes the open row. At crash level a thread's block repeats a goroutine whose stack was not available before. */
  endRow(): void {
    const builder = this.builder as DumpBuilder
    this.hasRow = false
    const known = this.isInThreads && builder.id !== 0 ? builder.findRow(builder.id) : undefined
    if (known !== undefined) {
      if (!builder.isUnavailable(known) || builder.depth === 0) {
        builder.dropRow()
        return
      }
      builder.replaceRow(known)
    }
    builder.endRow()
  }

  endDump(isCut: boolean): void {
    const builder = this.builder
    if (builder === undefined) return
    if (this.hasRow) this.endRow()
    this.builder = undefined
    this.state = 'outside'
    this.isAfterRule = false
    this.sawNoise = false
    this.sawEnd = false
    this.sink({ builder, isCut })
  }

  /** A line that is no part of a goroutine: the runtime's own, or something else that writes into the text. */
  private noteOther(from: number, to: number): void {
    if (lines.isEndLine(this.bytes, from, to)) this.sawEnd = true
    else if (!lines.isKnownLine(this.bytes, from, to)) this.noteNoise()
  }

  private noteNoise(): void {
    this.sawNoise = true
    if (this.state === 'body') this.bodyNoise += 1
  }
}

function trimCause(text: string): string {
  return text.slice(0, MAX_CAUSE_BYTES).trimEnd()
}

/** The beginning of a header line, as a cut leaves it: `gorout`, `goroutine 12 [chan rec`. */
function isHeaderStart(bytes: Uint8Array, from: number, to: number): boolean {
  const length = Math.min(to - from, lines.HEADER.length)
  return lines.startsWith(bytes, from, from + length, lines.HEADER.subarray(0, length))
}
