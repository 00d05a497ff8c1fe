/**
 * Puts one dump together: columns that grow, frames and stacks interned, argument words appended as they come.
 * Enters: frames, words and rows from the readers. Leaves: the GoroutineDump table and how complete it is.
 * Fields are public to the readers in this folder, which keep them in step; nothing outside sees the builder.
 */
import type { DumpForm, GoroutineDump } from '../../model/goroutine-dump.ts'
import { goroutineFlags } from '../../model/goroutine-dump.ts'
import { type IssueLog, openIssueLog } from '../../model/issue.ts'
import { type HeaderMarks, parseHeaderMarks } from './header-marks.ts'
import { ByteInterner, growColumn, SequenceInterner } from './intern.ts'
import { parseLabels } from './labels.ts'
import { type FullDumpLimits, MAX_DEPTH } from './limits.ts'

const EMPTY = new Uint8Array(0)
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
/** What an interned text costs besides its bytes, and what a parsed bracket does. */
const ENTRY_BYTES = 40
const BRACKET_BYTES = 300
const LOW = IS_LITTLE_ENDIAN ? 0 : 1

export class DumpBuilder {
  readonly limits: FullDumpLimits
  readonly issues: IssueLog = openIssueLog()
  form: DumpForm
  cause: string | undefined
  /** Set when a limit was reached: reading stops. */
  fullOf: string | undefined
  isCut = false
  /** A header had `gp=`. */
  sawGp = false
  /** debug=1: the total of the head line, and the flags of every group. */
  declaredCount: number | undefined
  groupFlags = 0

  /** String 0 is ''. Functions, files and reasons. */
  readonly texts = new ByteInterner()
  /** `path:line` as printed; place 0 is '' (unknown). */
  readonly places = new ByteInterner()
  private placeFiles = new Uint32Array(64)
  private placeLines = new Uint32Array(64)
  /** (text, place, inlined) of each frame. */
  private readonly frames = new SequenceInterner()
  private readonly frameParts = new Uint32Array(3)
  /** Where the bytes of a frame stand in the arenas, for the reader's guess. */
  frameNameStart = new Uint32Array(64)
  frameNameEnd = new Uint32Array(64)
  framePlaceStart = new Uint32Array(64)
  framePlaceEnd = new Uint32Array(64)
  frameIsInlined = new Uint8Array(64)
  /** What followed this frame last time: frame + 1, for the reader's guess. */
  nextFrame = new Uint32Array(64)
  /** The creator that followed this frame last time: frame + 1. */
  nextCreator = new Uint32Array(64)

  private readonly brackets = new ByteInterner()
  private readonly marks: HeaderMarks[] = []
  private readonly markReasons: number[] = []
  private readonly markLabels: number[] = []
  private readonly labelTexts = new ByteInterner()
  private readonly labelTextSets: number[] = []
  private readonly labelSets: Record<string, string>[] = [{}]
  private readonly stacks = new SequenceInterner()
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true })

  /** The row in hand. */
  id = 0
  count = 1
  line = 0
  bracket = 0
  labelSet = 0
  rowFlags = 0
  private depthFrames: Uint32Array = new Uint32Array(128)
  depth = 0
  creatorPlusOne = 0
  creatorId = 0
  private rowArgStart = 0

  rowCount = 0
  goroutineCount = 0
  /** Rows that a later block of the same dump replaced (crash level prints each thread's goroutine again). */
  private readonly replaced = new Set<number>()
  private ids = new Float64Array(64)
  private counts = new Uint32Array(64)
  private rowBrackets = new Uint32Array(64)
  private flags = new Uint8Array(64)
  private rowStacks = new Uint32Array(64)
  private creators = new Uint32Array(64)
  private creatorIds = new Float64Array(64)
  private labels = new Uint32Array(64)
  private lines = new Uint32Array(64)
  private argStart = new Uint32Array(65)
  private idTable = new Uint32Array(256)

  argCount = 0
  argsLeftOut = 0
  private argDepths = new Uint16Array(64)
  private argPositions = new Uint8Array(64)
  private argHalves = new Uint32Array(128)
  private argDoubtful = new Uint8Array(64)

  constructor(form: DumpForm, limits: FullDumpLimits) {
    this.form = form
    this.limits = limits
    this.texts.intern(EMPTY, 0, 0)
    this.places.intern(EMPTY, 0, 0)
    this.labelTexts.intern(EMPTY, 0, 0)
    this.labelTextSets.push(0)
  }

  startRow(id: number, line: number): void {
    this.id = id
    this.count = 1
    this.line = line
    this.bracket = 0
    this.labelSet = 0
    this.rowFlags = 0
    this.depth = 0
    this.creatorPlusOne = 0
    this.creatorId = 0
    this.rowArgStart = this.argCount
  }

  /** Index of the bracket text; parsed when it is new. */
  internBracket(bytes: Uint8Array, from: number, to: number): number {
    const index = this.brackets.intern(bytes, from, to)
    if (index === this.marks.length) {
      const parsed = parseHeaderMarks(this.brackets.decode(index, this.decoder))
      for (const part of parsed.unknown) {
        this.issues.add('SL_DECODE_UNKNOWN_MARK', `a goroutine header has a mark that no known Go prints: ${part}`)
      }
      this.marks.push(parsed)
      this.markReasons.push(this.internText(parsed.reason))
      this.markLabels.push(parsed.labels === undefined ? 0 : this.addLabelSet(parsed.labels))
      this.checkText()
    }
    this.bracket = index
    this.labelSet = this.markLabels[index] as number
    return index
  }

  /** Labels behind the bracket or behind `# labels:`, without the braces. */
  internLabels(bytes: Uint8Array, from: number, to: number): void {
    if (this.labelTextSets.length > this.limits.maxLabelSets) {
      const message = `labels after the first ${this.limits.maxLabelSets} distinct sets were left out`
      this.issues.add('SL_DECODE_TOO_LARGE', message, { severity: 'info' })
      return
    }
    const index = this.labelTexts.intern(bytes, from, to)
    if (index === this.labelTextSets.length) {
      const pairs = parseLabels(this.labelTexts.decode(index, this.decoder))
      if (pairs === undefined) {
        this.issues.add('SL_DECODE_MALFORMED', 'the labels of a goroutine cannot be read', { at: { line: this.line } })
      }
      this.labelTextSets.push(pairs === undefined ? 0 : this.addLabelSet(pairs))
      this.checkText()
    }
    this.labelSet = this.labelTextSets[index] as number
  }

  /** The frame of these bytes: name, then `path:line` (empty when unknown) whose path ends at `fileEnd`. */
  internFrame(
    bytes: Uint8Array,
    nameFrom: number,
    nameTo: number,
    placeFrom: number,
    placeTo: number,
    fileEnd: number,
    lineNumber: number,
    isInlined: boolean,
  ): number {
    const name = this.texts.intern(bytes, nameFrom, nameTo)
    const knownPlaces = this.places.count
    const place = this.places.intern(bytes, placeFrom, placeTo)
    if (place === knownPlaces) {
      if (place >= this.placeFiles.length) {
        this.placeFiles = growColumn(this.placeFiles, place + 1)
        this.placeLines = growColumn(this.placeLines, place + 1)
      }
      this.placeFiles[place] = this.texts.intern(bytes, placeFrom, fileEnd)
      this.placeLines[place] = lineNumber
    }
    this.frameParts[0] = name
    this.frameParts[1] = place
    this.frameParts[2] = isInlined ? 1 : 0
    const knownFrames = this.frames.count
    const frame = this.frames.intern(this.frameParts, 3)
    if (frame === knownFrames) this.noteFrame(frame, name, place, isInlined)
    return frame
  }

  pushFrame(frame: number): void {
    if (this.depth === MAX_DEPTH) {
      this.rowFlags |= goroutineFlags.framesElided
      this.issues.add('SL_DECODE_TOO_LARGE', `frames deeper than ${MAX_DEPTH} were left out`)
      return
    }
    if (this.depth === this.depthFrames.length) this.depthFrames = growColumn(this.depthFrames, this.depth + 1)
    this.depthFrames[this.depth] = frame
    this.depth += 1
  }

  /** One argument word of the frame that is next to be pushed. */
  pushArg(high: number, low: number, position: number, isDoubtful: boolean): void {
    const at = this.argCount
    if (at >= this.limits.maxArgWords || this.depth === MAX_DEPTH || position > 255) {
      this.argsLeftOut += 1
      return
    }
    if (at === this.argDepths.length) {
      this.argDepths = growColumn(this.argDepths, at + 1)
      this.argPositions = growColumn(this.argPositions, at + 1)
      this.argHalves = growColumn(this.argHalves, this.argDepths.length * 2)
      this.argDoubtful = growColumn(this.argDoubtful, at + 1)
    }
    this.argDepths[at] = this.depth
    this.argPositions[at] = position
    this.argHalves[at * 2 + LOW] = low
    this.argHalves[at * 2 + 1 - LOW] = high
    this.argDoubtful[at] = isDoubtful ? 1 : 0
    this.argCount = at + 1
  }

  /** Row of this id in the dump so far, or undefined. Id 0 (a thread's own stack) is never looked up. */
  findRow(id: number): number | undefined {
    const mask = this.idTable.length - 1
    for (let slot = hashId(id) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.idTable[slot] as number
      if (entry === 0) return undefined
      if (this.ids[entry - 1] === id) return entry - 1
    }
  }

  isUnavailable(row: number): boolean {
    return ((this.flags[row] as number) & goroutineFlags.stackUnavailable) !== 0
  }

  countFlag(flag: number): number {
    let count = 0
    for (let row = 0; row < this.rowCount; row++) {
      if (((this.flags[row] as number) & flag) !== 0 && !this.replaced.has(row)) count += 1
    }
    return count
  }

  replaceRow(row: number): void {
    this.replaced.add(row)
  }

  dropRow(): void {
    this.argCount = this.rowArgStart
  }

  endRow(): void {
    const row = this.rowCount
    if (row >= this.limits.maxGoroutines) {
      this.fullOf = `${this.limits.maxGoroutines} goroutines`
      this.dropRow()
      return
    }
    if (row === this.counts.length) this.growRows(row + 1)
    this.ids[row] = this.id
    this.counts[row] = this.count
    this.rowBrackets[row] = this.bracket
    this.flags[row] = this.rowFlags | (this.marks[this.bracket]?.flags ?? 0)
    this.rowStacks[row] = this.stacks.intern(this.depthFrames, this.depth)
    this.creators[row] = this.creatorPlusOne
    this.creatorIds[row] = this.creatorId
    this.labels[row] = this.labelSet
    this.lines[row] = this.line
    this.argStart[row + 1] = this.argCount
    this.rowCount = row + 1
    this.goroutineCount += this.count
    if (this.form !== 'debug1' && this.id !== 0) this.noteId(row)
    if (this.stacks.used > this.limits.maxStackFrames) this.fullOf = `${this.limits.maxStackFrames} frames of stacks`
  }

  /** The table. The builder is spent afterwards: its columns are the table's. */
  finish(isTruncated: boolean): GoroutineDump {
    if (this.argsLeftOut > 0) {
      const message = `argument words beyond ${this.limits.maxArgWords} (or beyond the 256th of a frame) were left out`
      this.issues.add('SL_DECODE_TOO_LARGE', message, { severity: 'info', count: this.argsLeftOut })
    }
    if (this.replaced.size > 0) this.compactRows()
    const rows = this.rowCount
    const reasons = new Uint32Array(rows)
    const minutesPlusOne = new Uint32Array(rows)
    const bubblesPlusOne = new Uint32Array(rows)
    if (this.form !== 'debug1') {
      const minutesOf = Uint32Array.from(this.marks, (mark) => mark.minutesPlusOne)
      const bubblesOf = Uint32Array.from(this.marks, (mark) => mark.bubblePlusOne)
      const reasonsOf = Uint32Array.from(this.markReasons)
      for (let row = 0; row < rows; row++) {
        const bracket = this.rowBrackets[row] as number
        reasons[row] = reasonsOf[bracket] as number
        minutesPlusOne[row] = minutesOf[bracket] as number
        bubblesPlusOne[row] = bubblesOf[bracket] as number
      }
    }
    const frames = this.listFrames()
    const strings = this.listStrings()
    const isTraceback = this.sawGp && !strings.includes('runtime/pprof.writeGoroutineStacks')
    return {
      form: this.form === 'debug2' && isTraceback ? 'traceback' : this.form,
      ...(this.cause === undefined ? {} : { cause: this.cause }),
      rowCount: rows,
      goroutineCount: this.goroutineCount,
      isTruncated,
      strings,
      ids: this.form === 'debug1' ? new Float64Array(0) : this.ids.subarray(0, rows),
      counts: this.counts.subarray(0, rows),
      reasons,
      minutesPlusOne,
      flags: this.flags.subarray(0, rows),
      bubblesPlusOne,
      stacks: this.rowStacks.subarray(0, rows),
      creatorsPlusOne: this.creators.subarray(0, rows),
      creatorIds: this.creatorIds.subarray(0, rows),
      labels: this.labels.subarray(0, rows),
      lines: this.lines.subarray(0, rows),
      labelSets: this.labelSets,
      stackStart: this.stacks.starts.subarray(0, this.stacks.count + 1),
      stackFrames: this.stacks.values.subarray(0, this.stacks.used),
      ...frames,
      argStart: this.argStart.subarray(0, rows + 1),
      argDepths: this.argDepths.subarray(0, this.argCount),
      argPositions: this.argPositions.subarray(0, this.argCount),
      argWords: new BigUint64Array(this.argHalves.buffer, 0, this.argCount),
      argDoubtful: this.argDoubtful.subarray(0, this.argCount),
    }
  }

  private listFrames() {
    const count = this.frames.count
    const frameFunctions = new Uint32Array(count)
    const frameFiles = new Uint32Array(count)
    const frameLines = new Uint32Array(count)
    for (let frame = 0; frame < count; frame++) {
      const place = this.frames.values[frame * 3 + 1] as number
      frameFunctions[frame] = this.frames.values[frame * 3] as number
      frameFiles[frame] = this.placeFiles[place] as number
      frameLines[frame] = this.placeLines[place] as number
    }
    return { frameFunctions, frameFiles, frameLines, frameInlined: this.frameIsInlined.slice(0, count) }
  }

  private listStrings(): string[] {
    const strings: string[] = new Array(this.texts.count)
    for (let index = 0; index < strings.length; index++) strings[index] = this.texts.decode(index, this.decoder)
    return strings
  }

  private noteFrame(frame: number, name: number, place: number, isInlined: boolean): void {
    if (frame >= this.nextFrame.length) {
      this.frameNameStart = growColumn(this.frameNameStart, frame + 1)
      this.frameNameEnd = growColumn(this.frameNameEnd, frame + 1)
      this.framePlaceStart = growColumn(this.framePlaceStart, frame + 1)
      this.framePlaceEnd = growColumn(this.framePlaceEnd, frame + 1)
      this.frameIsInlined = growColumn(this.frameIsInlined, frame + 1)
      this.nextFrame = growColumn(this.nextFrame, frame + 1)
      this.nextCreator = growColumn(this.nextCreator, frame + 1)
    }
    const nameStart = this.texts.starts[name] as number
    const placeStart = this.places.starts[place] as number
    this.frameNameStart[frame] = nameStart
    this.frameNameEnd[frame] = nameStart + (this.texts.lengths[name] as number)
    this.framePlaceStart[frame] = placeStart
    this.framePlaceEnd[frame] = placeStart + (this.places.lengths[place] as number)
    this.frameIsInlined[frame] = isInlined ? 1 : 0
    this.checkText()
  }

  private checkText(): void {
    const used =
      this.texts.arenaUsed +
      this.places.arenaUsed +
      this.labelTexts.arenaUsed +
      this.brackets.arenaUsed +
      (this.texts.count + this.places.count + this.labelTexts.count) * ENTRY_BYTES +
      this.brackets.count * BRACKET_BYTES
    if (used > this.limits.maxTextBytes) this.fullOf = `${this.limits.maxTextBytes} bytes of distinct names and labels`
  }

  private internText(text: string): number {
    const bytes = new TextEncoder().encode(text)
    return this.texts.intern(bytes, 0, bytes.length)
  }

  /** fromEntries defines own properties, so that a label named `__proto__` is a label like others. */
  private addLabelSet(pairs: readonly [string, string][]): number {
    if (this.labelSets.length > this.limits.maxLabelSets) {
      const message = `label sets beyond ${this.limits.maxLabelSets} distinct ones were left out`
      this.issues.add('SL_DECODE_TOO_LARGE', message, { severity: 'info' })
      return 0
    }
    this.labelSets.push(Object.fromEntries(pairs))
    return this.labelSets.length - 1
  }

  private noteId(row: number): void {
    if (this.rowCount * 2 > this.idTable.length) {
      this.idTable = new Uint32Array(this.idTable.length * 4)
      for (let known = 0; known < row; known++) if (this.ids[known] !== 0) this.insertId(known)
    }
    this.insertId(row)
  }

  private insertId(row: number): void {
    const mask = this.idTable.length - 1
    let slot = hashId(this.ids[row] as number) & mask
    while (this.idTable[slot] !== 0) slot = (slot + 1) & mask
    this.idTable[slot] = row + 1
  }

  private growRows(needed: number): void {
    this.ids = growColumn(this.ids, needed)
    this.counts = growColumn(this.counts, needed)
    this.rowBrackets = growColumn(this.rowBrackets, needed)
    this.flags = growColumn(this.flags, needed)
    this.rowStacks = growColumn(this.rowStacks, needed)
    this.creators = growColumn(this.creators, needed)
    this.creatorIds = growColumn(this.creatorIds, needed)
    this.labels = growColumn(this.labels, needed)
    this.lines = growColumn(this.lines, needed)
    this.argStart = growColumn(this.argStart, this.counts.length + 1)
  }

  /** Takes the replaced rows and their words out. */
  private compactRows(): void {
    let to = 0
    let argTo = 0
    for (let row = 0; row < this.rowCount; row++) {
      const argFrom = this.argStart[row] as number
      const argEnd = this.argStart[row + 1] as number
      if (this.replaced.has(row)) {
        this.goroutineCount -= this.counts[row] as number
        continue
      }
      for (const column of [
        this.ids,
        this.counts,
        this.rowBrackets,
        this.flags,
        this.rowStacks,
        this.creators,
        this.creatorIds,
        this.labels,
        this.lines,
      ]) {
        column[to] = column[row] as number
      }
      this.argDepths.copyWithin(argTo, argFrom, argEnd)
      this.argPositions.copyWithin(argTo, argFrom, argEnd)
      this.argHalves.copyWithin(argTo * 2, argFrom * 2, argEnd * 2)
      this.argDoubtful.copyWithin(argTo, argFrom, argEnd)
      argTo += argEnd - argFrom
      to += 1
      this.argStart[to] = argTo
    }
    this.rowCount = to
    this.argCount = argTo
  }
}

/** Ids of one dump are dense integers, so the low bits spread well enough; the multiply mixes hostile ones. */
function hashId(id: number): number {
  const mixed = Math.imul((id >>> 0) ^ Math.floor(id / 0x1_0000_0000), 0x9e37_79b1)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
