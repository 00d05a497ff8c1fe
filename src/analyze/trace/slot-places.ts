/**
 * How the numbers of a live goroutine stand in its slot: a row of times (doubles) and a row of marks (integers).
 * Rows, not columns: what one event touches lies in one or two cache lines.
 */
/** Places of a slot's times: id, start of the state at hand, total per state, and what the state at hand needs. */
export const TIMES = 12
export const ID = 0
export const SINCE = 1
export const RUNNING_NS = 2
export const RUNNABLE_NS = 3
export const WAITING_NS = 4
export const SYSCALL_NS = 5
export const BIRTH = 6
export const BLOCKED = 7
export const LOST_AT = 8
export const STOP_AT = 9
export const BUSY_AT = 10
export const GC_AT = 11
/** Places of a slot's marks. */
export const MARKS = 5
export const STATE = 0
export const FLAGS = 1
export const CODE = 2
export const STACK = 3
export const GROUP = 4
