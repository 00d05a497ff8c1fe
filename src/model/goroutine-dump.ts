/**
 * A goroutine dump as columns: one row per goroutine, stacks and frames interned, argument words kept.
 * The same table serves debug=2, debug=1, panic, fatal-error and SIGQUIT text of Go 1.14 to 1.27.
 *
 *   row ──stack──► stackStart[s]..stackStart[s+1] in stackFrames ──► frame tables ──► strings
 *
 * Ids, lines and words come from hostile text: every index is checked by the decoder, never by readers.
 */

/** debug2: /debug/pprof/goroutine?debug=2. debug1: counted groups, no ids, no reasons. traceback: panic or signal. */
export type DumpForm = 'debug2' | 'debug1' | 'traceback'

export const goroutineFlags = {
  leaked: 1,
  scan: 2,
  durable: 4,
  lockedToThread: 8,
  /** "goroutine running on other thread; stack unavailable". */
  stackUnavailable: 16,
  /** Frames were elided by the runtime ("...additional frames elided...", "...N frames elided..."). */
  framesElided: 32,
  /** The text ended inside this goroutine. */
  cut: 64,
} as const

export type GoroutineDump = {
  readonly form: DumpForm
  /** The head of a traceback: `panic: …`, `fatal error: …`, `SIGQUIT: quit`; absent in debug=1 and debug=2. */
  readonly cause?: string
  /** Rows. In debug1 a row is a group of `counts[row]` goroutines. */
  readonly rowCount: number
  /** All goroutines: the sum of `counts`. */
  readonly goroutineCount: number
  /** True when the text is exactly as long as the runtime's 64 MiB cap, or ends inside a record. */
  readonly isTruncated: boolean
  readonly strings: readonly string[]

  /** Per row. Goroutine ids are below 2^53; absent ids (debug1) make this array empty. */
  readonly ids: Float64Array
  readonly counts: Uint32Array
  /** String index of the status word as printed without marks: `chan receive`, `running`; '' in debug1. */
  readonly reasons: Uint32Array
  /** Minutes as printed + 1; 0 when none were printed. Wrong in both directions by minutes: never a proof. */
  readonly minutesPlusOne: Uint32Array
  readonly flags: Uint8Array
  /** Synctest bubble + 1; 0 outside bubbles. */
  readonly bubblesPlusOne: Uint32Array
  readonly stacks: Uint32Array
  /** Frame index of `created by` + 1; 0 when not printed (main, system, elided). */
  readonly creatorsPlusOne: Uint32Array
  /** Goroutine id of the creator (Go ≥ 1.21); 0 when not printed. */
  readonly creatorIds: Float64Array
  /** Index into `labelSets`; set 0 is empty. */
  readonly labels: Uint32Array
  /** Line of the row's header in the text, 1-based. */
  readonly lines: Uint32Array

  readonly labelSets: readonly Readonly<Record<string, string>>[]

  /** Unique stacks, leaf first: frames of stack s are stackFrames[stackStart[s] .. stackStart[s+1]). */
  readonly stackStart: Uint32Array
  readonly stackFrames: Uint32Array

  /** Unique frames: string index of function, of file (0 = ''), line (0 = unknown), and whether inlined. */
  readonly frameFunctions: Uint32Array
  readonly frameFiles: Uint32Array
  readonly frameLines: Uint32Array
  readonly frameInlined: Uint8Array

  /** Argument words of row r: argStart[r] .. argStart[r+1] in the arg columns, frame by frame, leaf first. */
  readonly argStart: Uint32Array
  /** Depth of the frame in its stack (0 = leaf). */
  readonly argDepths: Uint16Array
  /** Position of the word among the printed words of its frame, aggregates flattened. */
  readonly argPositions: Uint8Array
  readonly argWords: BigUint64Array
  /** 1 where the runtime printed `?` after the word: the register may be stale. */
  readonly argDoubtful: Uint8Array
}

export type DumpFrame = {
  readonly function: string
  readonly file?: string
  readonly line?: number
  readonly inlined: boolean
}

export function readFrame(dump: GoroutineDump, frame: number): DumpFrame {
  const file = dump.strings[dump.frameFiles[frame] as number] as string
  const line = dump.frameLines[frame] as number
  return {
    function: dump.strings[dump.frameFunctions[frame] as number] as string,
    ...(file === '' ? {} : { file }),
    ...(line === 0 ? {} : { line }),
    inlined: dump.frameInlined[frame] === 1,
  }
}

/** The frames of one unique stack, leaf first. */
export function readStack(dump: GoroutineDump, stack: number): DumpFrame[] {
  const frames: DumpFrame[] = []
  for (let at = dump.stackStart[stack] as number; at < (dump.stackStart[stack + 1] as number); at++) {
    frames.push(readFrame(dump, dump.stackFrames[at] as number))
  }
  return frames
}

export function readReason(dump: GoroutineDump, row: number): string {
  return dump.strings[dump.reasons[row] as number] as string
}

export function hasFlag(dump: GoroutineDump, row: number, flag: keyof typeof goroutineFlags): boolean {
  return ((dump.flags[row] as number) & goroutineFlags[flag]) !== 0
}

export type ArgWord = {
  readonly depth: number
  readonly position: number
  readonly word: bigint
  readonly doubtful: boolean
}

export function listArgs(dump: GoroutineDump, row: number): ArgWord[] {
  const words: ArgWord[] = []
  for (let at = dump.argStart[row] as number; at < (dump.argStart[row + 1] as number); at++) {
    words.push({
      depth: dump.argDepths[at] as number,
      position: dump.argPositions[at] as number,
      word: dump.argWords[at] as bigint,
      doubtful: dump.argDoubtful[at] === 1,
    })
  }
  return words
}
