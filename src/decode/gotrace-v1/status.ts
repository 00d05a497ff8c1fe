/**
 * States of goroutines and processors as format v2 numbers them, into which v1 is mapped.
 */

/** tracev2.GoStatus */
export const goStatus = { bad: 0, runnable: 1, running: 2, syscall: 3, waiting: 4 } as const
/** tracev2.ProcStatus */
export const procStatus = { bad: 0, running: 1, idle: 2, syscall: 3, syscallAbandoned: 4 } as const
