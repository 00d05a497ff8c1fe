/**
 * What an execution trace says about goroutines that a dump knows: did each move while the trace was on?
 * A goroutine that only has status events was parked from the trace's first to its last instant: a proof of stillness
 * that dumps cannot give, because between two dumps a goroutine may have moved and come back.
 */

export type TraceActivity = {
  /** Header of the file: 22, 23, 25 or 26 for Go 1.22 and later. */
  readonly format: number
  /** From the first to the last event; absent when the trace has no clock. */
  readonly durationNs?: number
  /** False when the file ends inside a batch or is damaged: what stood before was used. */
  readonly isComplete: boolean
  /** The goroutines asked for, in the order asked; all columns below are as long. */
  readonly goroutineIds: Float64Array
  /** 1 where the trace names the goroutine at all. */
  readonly seen: Uint8Array
  /** How often it began to run, or was made runnable by another. */
  readonly moves: Uint32Array
  /** 1 where it ended within the trace. */
  readonly ended: Uint8Array
}
