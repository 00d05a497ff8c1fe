/**
 * Groups of goroutines by (start function, creator), and what the dead of each have left. Functions are string indices.
 * Two rows stand from the start: users whose start function is not known, and the runtime's nameless (cgo threads).
 * Bounded: when full, goroutines of new groups count under their start function or, at last, under the unknown.
 */
import { growFloats, KeyTable } from '../columns/key-table.ts'

const MAX_GROUPS = 32_768

export const UNKNOWN_USER_GROUP = 0
export const NAMELESS_SYSTEM_GROUP = 1

export class GroupTable {
  /** (start function, creator, 1 for the nameless of the system). */
  readonly keys = new KeyTable(MAX_GROUPS)
  lostCount = 0
  count = new Float64Array(64)
  created = new Float64Array(64)
  ended = new Float64Array(64)
  life = new Float64Array(64)
  running = new Float64Array(64)
  runnable = new Float64Array(64)
  waiting = new Float64Array(64)
  syscall = new Float64Array(64)
  syscallBlocked = new Float64Array(64)
  assist = new Float64Array(64)
  assistCount = new Float64Array(64)

  constructor() {
    this.keys.intern(0, 0, 0)
    this.keys.intern(0, 0, 1)
  }

  find(startFunction: number, creator: number): number {
    let row = this.keys.intern(startFunction, creator, 0)
    if (row === -1) {
      this.lostCount++
      row = this.keys.intern(startFunction, 0, 0)
    }
    if (row >= this.count.length) this.grow(row + 1)
    return row === -1 ? UNKNOWN_USER_GROUP : row
  }

  startFunctionOf(group: number): number {
    return this.keys.keys[group * 3] as number
  }

  creatorOf(group: number): number {
    return this.keys.keys[group * 3 + 1] as number
  }

  private grow(places: number): void {
    this.count = growFloats(this.count, places)
    this.created = growFloats(this.created, places)
    this.ended = growFloats(this.ended, places)
    this.life = growFloats(this.life, places)
    this.running = growFloats(this.running, places)
    this.runnable = growFloats(this.runnable, places)
    this.waiting = growFloats(this.waiting, places)
    this.syscall = growFloats(this.syscall, places)
    this.syscallBlocked = growFloats(this.syscallBlocked, places)
    this.assist = growFloats(this.assist, places)
    this.assistCount = growFloats(this.assistCount, places)
  }
}
