/**
 * Where goroutines stay: (group, code, stack) → count, time, longest. A code is a block reason (string index ≥ 0) or one
 * of the negative codes of codes.ts. Bounded: past STACK_ROWS stacks are left out, past SITE_ROWS time is only counted.
 */
import { runnableCauses } from '../../model/trace-account.ts'
import { SketchBook } from '../columns/duration-sketch.ts'
import { growFloats, growInts, KeyTable } from '../columns/key-table.ts'
import type { StayClass } from './blind-share.ts'

const SITE_ROWS = 65_536
const STACK_ROWS = 49_152
const SKETCHES = 4096

export class SiteTable {
  readonly keys = new KeyTable(SITE_ROWS)
  readonly sketches = new SketchBook(SKETCHES + runnableCauses.length + 1)
  count = new Float64Array(256)
  ns = new Float64Array(256)
  openCount = new Float64Array(256)
  openNs = new Float64Array(256)
  olderCount = new Float64Array(256)
  maxNs = new Float64Array(256)
  maxAtNs = new Float64Array(256)
  maxGoroutine = new Float64Array(256)
  /** Sketch of a row; −1 when all were taken. */
  sketch = new Int32Array(256)
  private classIndex = new Int32Array(256)
  /** Stays that no row was left for. */
  lostCount = 0
  private readonly sketchKeys = new KeyTable(SKETCHES)
  private readonly sketchOfKey: number[] = []
  /** Shared sketches for what found the book full: system calls, then one per cause. */
  private readonly spare: readonly number[]

  private readonly classes: StayClass[] = []
  private readonly classOfKey = new Map<string, number>()
  private readonly classify: (code: number, stack: number) => StayClass

  /** `classify` is asked once for each code and stack. */
  constructor(classify: (code: number, stack: number) => StayClass) {
    this.classify = classify
    this.spare = [-1, ...runnableCauses].map(() => this.sketches.open())
  }

  /** Row of a site, made if need be; -1 when nothing fits any more. `family`: what sketches are kept by. */
  find(group: number, code: number, stack: number, family: number): number {
    const keys = this.keys
    const known = keys.rowCount
    const row = keys.intern(group, code, known < STACK_ROWS ? stack : 0)
    if (row >= known) this.open(row, family)
    return row
  }

  /** One stay of goroutine `ids[place]`: its start and length stand in `interval` from `at`. */
  add(row: number, ids: Float64Array, place: number, interval: ArrayLike<number>, at: number): void {
    const length = interval[at + 1] as number
    this.count[row] = (this.count[row] as number) + 1
    this.ns[row] = (this.ns[row] as number) + length
    this.sketches.add(this.sketch[row] as number, length)
    if (length >= (this.maxNs[row] as number)) {
      this.maxNs[row] = length
      this.maxAtNs[row] = interval[at] as number
      this.maxGoroutine[row] = ids[place] as number
    }
  }

  /** What a site is, by the lens table. */
  classOf(row: number): StayClass {
    return this.classes[this.classIndex[row] as number] as StayClass
  }

  private open(row: number, family: number): void {
    if (row >= this.sketch.length) this.grow(row + 1)
    const code = this.keys.keys[row * 3 + 1] as number
    const known = this.findClass(code, this.keys.keys[row * 3 + 2] as number)
    this.classIndex[row] = known
    const key = this.sketchKeys.intern(family, code, known)
    if (key === -1) {
      this.sketch[row] = code < 0 ? (this.spare[-1 - code] ?? -1) : -1
      return
    }
    if (this.sketchOfKey[key] === undefined) this.sketchOfKey[key] = this.sketches.open()
    this.sketch[row] = this.sketchOfKey[key] as number
  }

  private findClass(code: number, stack: number): number {
    const key = `${code} ${stack}`
    const cached = this.classOfKey.get(key)
    if (cached !== undefined) return cached
    const found = this.classify(code, stack)
    let index = this.classes.findIndex(
      (one) => one.waitKind === found.waitKind && one.waitClass === found.waitClass && one.reason === found.reason,
    )
    if (index === -1) index = this.classes.push(found) - 1
    this.classOfKey.set(key, index)
    return index
  }

  private grow(places: number): void {
    this.count = growFloats(this.count, places)
    this.ns = growFloats(this.ns, places)
    this.openCount = growFloats(this.openCount, places)
    this.openNs = growFloats(this.openNs, places)
    this.olderCount = growFloats(this.olderCount, places)
    this.maxNs = growFloats(this.maxNs, places)
    this.maxAtNs = growFloats(this.maxAtNs, places)
    this.maxGoroutine = growFloats(this.maxGoroutine, places)
    this.sketch = growInts(this.sketch, places)
    this.classIndex = growInts(this.classIndex, places)
  }
}
