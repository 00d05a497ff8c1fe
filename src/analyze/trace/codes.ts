/**
 * What a goroutine does while it does not run, as one number: a block reason is the index of its string (≥ 0), the rest
 * are negative.
 */
export const SYSCALL_CODE = -1
/** Codes of runnable: this minus the index of the cause. */
const RUNNABLE_CODE = -2
/** A direct switch to another goroutine: waits without a reason, and only coroutines do so. */
export const COROUTINE_CODE = -1000

/** `cause`: index of runnableCauses. */
export function runnableCode(cause: number): number {
  return RUNNABLE_CODE - cause
}

/** Index of runnableCauses; undefined for other codes. */
export function causeOf(code: number): number | undefined {
  return code <= RUNNABLE_CODE && code > COROUTINE_CODE ? RUNNABLE_CODE - code : undefined
}
