/**
 * What each site is by the lens table, and which sketch its stays go to: one for all sites of a start function, reason
 * and class. Bounded: what finds the sketches used up shares one by cause, or has none.
 */
import { runnableCauses } from '../../model/trace-account.ts'
import { growInts, KeyTable } from '../columns/key-table.ts'
import type { StayClass } from './blind-share.ts'
import { COROUTINE_CODE } from './codes.ts'

const SKETCHES = 4096

export class SiteClasses {
  /** By site: index of its sketch; −1: none was left. */
  sketchOf = new Int32Array(256)
  private readonly sketchKeys = new KeyTable(SKETCHES)
  /** By key of a sketch: its index + 1. */
  private sketchOfKey = new Int32Array(256)
  /** Shared sketches for what found the others used up: system calls, then one per cause; opened when needed. */
  private readonly spare = new Map<number, number>()
  private sketchCount = 0

  private readonly classes: StayClass[] = []
  private readonly classOfKey = new Map<string, number>()
  private readonly classify: (code: number, stack: number) => StayClass

  /** `classify` is asked once for each code and stack. */
  constructor(classify: (code: number, stack: number) => StayClass) {
    this.classify = classify
  }

  /** The class of a stay. */
  classOf(code: number, stack: number): StayClass {
    return this.classes[this.findClass(code, stack)] as StayClass
  }

  /** The sketch of a new site, numbered from 0; −1 when none is left. `family`: what sketches are kept by. */
  openSite(row: number, family: number, code: number, stack: number): number {
    this.sketchOf = growInts(this.sketchOf, row + 1)
    const sketch = this.findSketch(family, code, this.findClass(code, stack))
    this.sketchOf[row] = sketch
    return sketch
  }

  private findSketch(family: number, code: number, ofClass: number): number {
    const key = this.sketchKeys.intern(family, code, ofClass)
    if (key !== -1) {
      this.sketchOfKey = growInts(this.sketchOfKey, key + 1)
      if (this.sketchOfKey[key] === 0) this.sketchOfKey[key] = ++this.sketchCount
      return (this.sketchOfKey[key] as number) - 1
    }
    if (code >= 0 || code === COROUTINE_CODE || code < -1 - runnableCauses.length) return -1
    const known = this.spare.get(code)
    if (known !== undefined) return known
    this.spare.set(code, this.sketchCount)
    return this.sketchCount++
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
}
