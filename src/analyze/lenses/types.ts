/**
 * The shape of the lens table: what each lens shows of each kind of wait, and what each lens is.
 * The rows are data (table.ts, lens-rows.ts); `npm run judge:waits` holds them against the real runtime.
 */
import type { Lens } from '../../model/lens.ts'
import type { GoroutineState, WaitClass } from '../../model/wait-class.ts'

/**
 * What a lens that is on shows of a wait:
 * - `now`: while it lasts, with its reason;
 * - `now-unnamed`: while it lasts, without a reason of its own;
 * - `system-only`: while it lasts, but only in a dump of traceback level `system` (SIGQUIT, GOTRACEBACK=system);
 * - `after`: only once it has ended (block: when the waiter ran again; mutex: when the holder unlocked, charged to it);
 * - `proof-if-unreachable`: while it lasts, if nothing that can still run reaches what it waits for;
 * - `proof`: while it lasts, always: nothing can end it (the main goroutine of the program excepted);
 * - `aggregate`: as part of a total; which goroutine, and why, cannot be told;
 * - `around`: as part of the length of a span, if one is open around it; not that it waited;
 * - `never`: neither while it lasts nor afterwards.
 */
export type LensView =
  | 'now'
  | 'now-unnamed'
  | 'system-only'
  | 'after'
  | 'proof-if-unreachable'
  | 'proof'
  | 'aggregate'
  | 'around'
  | 'never'

/** A status word by which a dump shows the kind, and when that word alone is not enough, the frames that decide. */
export type DumpReason = {
  readonly reason: string
  readonly sinceGo?: string
  readonly untilGo?: string
  /** Must match the first 12 frames, leaf first, one per line: patterns are multi-line. */
  readonly frame?: RegExp
  /** The wait classes that the stack must give (see stackRules of model/wait-class). */
  readonly waitClass?: WaitClass
}

/** A state by which a trace shows the kind; `''` is a transition without a reason. */
export type TraceState = {
  readonly state: 'Running' | 'Runnable' | 'Waiting' | 'Syscall'
  readonly reason: string
  readonly sinceGo?: string
  readonly untilGo?: string
}

/** Program of `programs/waits` that puts goroutines into the wait, and where its cells differ from the row's. */
export type WaitProgram = {
  readonly name: string
  /** First Go release that can run it. */
  readonly sinceGo?: string
  /** Why the leak profile does not flag this one though the row says it may: what reaches what it waits for. */
  readonly reachableBy?: string
}

export type WaitKindId = string

export type WaitKind = {
  readonly id: WaitKindId
  readonly title: string
  readonly state: GoroutineState
  /** Absent for running. */
  readonly waitClass?: WaitClass
  readonly dumpReasons: readonly DumpReason[]
  readonly traceStates: readonly TraceState[]
  /** Tells it from other rows of the same trace reason: matched as `DumpReason.frame` is. */
  readonly traceFrame?: RegExp
  /** Where `views.goroutine` is `now-unnamed`: the row whose word a dump prints instead. */
  readonly dumpShownAs?: WaitKindId
  /** The row that a trace shows it as, where a trace cannot tell the two apart. */
  readonly traceShownAs?: WaitKindId
  /** Likewise where the wait began before the trace, so that only its stack is known. */
  readonly olderTraceShownAs?: WaitKindId
  readonly views: Readonly<Record<Lens, LensView>>
  readonly sinceGo?: string
  readonly untilGo?: string
  /** measured: every cell of cpu, block, mutex, goroutine, goroutineleak and trace is held by the judge. source: read. */
  readonly source: 'measured' | 'source'
  readonly note?: string
  /** Empty where source is `source`. */
  readonly programs: readonly WaitProgram[]
}

export type LensRow = {
  readonly lens: Lens
  readonly title: string
  readonly sees: string
  readonly cannotSee: string
  readonly turnOn: string
  readonly cost: string
  /** First Go release that has the lens; absent: all of 1.14 and later. */
  readonly sinceGo?: string
  readonly note?: string
}
