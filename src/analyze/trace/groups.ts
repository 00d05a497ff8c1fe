/**
 * Groups of goroutines by (start function, creator), as functions' string indices. Two stand from the start: users whose
 * start function is not known, and the runtime's nameless (cgo threads).
 * Bounded: when full, goroutines of new groups count under their start function or, at last, under the unknown.
 */
import { KeyTable } from '../columns/key-table.ts'
import { UNKNOWN_USER_GROUP } from './account-data.ts'

const MAX_GROUPS = 32_768

export class GroupTable {
  /** (start function, creator, 1 for the nameless of the system). */
  readonly keys = new KeyTable(MAX_GROUPS)
  lostCount = 0

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
    return row === -1 ? UNKNOWN_USER_GROUP : row
  }

  startFunctionOf(group: number): number {
    return this.keys.keys[group * 3] as number
  }

  creatorOf(group: number): number {
    return this.keys.keys[group * 3 + 1] as number
  }
}
