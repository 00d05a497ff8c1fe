/**
 * What one dump may take of memory, whatever the text says. A limit that is reached is never silent:
 * reading stops there (or the words are left out) and the dump carries an issue that names the limit.
 */

export type DumpLimits = {
  /** Bytes of text that are read at most. */
  readonly maxBytes?: number
  /** Rows that are kept at most; a row takes 53 bytes. */
  readonly maxGoroutines?: number
  /** Argument words that are kept at most; a word takes 12 bytes. Further ones are left out, the rows stay. */
  readonly maxArgWords?: number
  /** Bytes of distinct names, paths, labels and brackets together, with what each costs besides its text. */
  readonly maxTextBytes?: number
  /** Frames of all distinct stacks together. */
  readonly maxStackFrames?: number
  /** Distinct label sets. Goroutines with further ones have none, and an issue says so. */
  readonly maxLabelSets?: number
  /** Dumps that a call which returns a list keeps at most. */
  readonly maxDumps?: number
}

export type FullDumpLimits = Required<DumpLimits>

const defaultDumpLimits: FullDumpLimits = {
  maxBytes: 16 * 1024 ** 3,
  maxGoroutines: 2_000_000,
  maxArgWords: 4_000_000,
  maxTextBytes: 48 * 1024 ** 2,
  maxStackFrames: 4_000_000,
  maxLabelSets: 200_000,
  maxDumps: 64,
}

export function fillLimits(limits: DumpLimits = {}): FullDumpLimits {
  return { ...defaultDumpLimits, ...limits }
}

/** runtime/pprof stops a debug=2 dump at this many bytes without a word (writeGoroutineStacks in pprof.go). */
export const RUNTIME_DUMP_CAP_BYTES = 64 * 1024 ** 2

/** Longer lines are no part of any dump; they are passed over. */
export const MAX_LINE_BYTES = 1024 ** 2

/** Frames kept of one goroutine; the runtime itself prints 100 (128 program counters in debug=1, plus inlined ones). */
export const MAX_DEPTH = 4096
