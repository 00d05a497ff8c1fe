/**
 * CPU samples of a trace: by stack, by goroutine, by start function (the root of the sample's own stack).
 * Bounded: samples of further stacks and goroutines only count in the total.
 */

import type { TraceCpuSample } from '../../model/trace.ts'
import type { CpuSampleAccount } from '../../model/trace-account.ts'
import type { StackFunctions } from './stack-functions.ts'

const MAX_KEYS = 65_536
const MAX_ROWS = 1000

export class CpuSampleLedger {
  omitted = 0
  private count = 0
  private readonly stacks = new Map<number, number>()
  private readonly goroutines = new Map<number, number>()
  private readonly roots = new Map<number, number>()
  private readonly functions: StackFunctions
  private readonly window: { readonly fromNs: number; readonly toNs: number }

  constructor(functions: StackFunctions, window: { readonly fromNs: number; readonly toNs: number }) {
    this.functions = functions
    this.window = window
  }

  add(sample: TraceCpuSample): void {
    if (sample.timeNs < this.window.fromNs || sample.timeNs > this.window.toNs) return
    this.count++
    this.increase(this.stacks, sample.stack)
    this.increase(this.roots, this.functions.rootOf(sample.stack))
    if (sample.goroutine !== undefined) this.increase(this.goroutines, sample.goroutine)
  }

  finish(): CpuSampleAccount {
    return {
      count: this.count,
      byStack: listLargest(this.stacks).map(([stack, count]) => ({ stack, count })),
      byGoroutine: listLargest(this.goroutines).map(([goroutine, count]) => ({ goroutine, count })),
      byStartFunction: listLargest(this.roots).map(([root, count]) => ({
        startFunction: this.functions.nameOf(root),
        count,
      })),
    }
  }

  private increase(counts: Map<number, number>, key: number): void {
    const count = counts.get(key)
    if (count === undefined && counts.size >= MAX_KEYS) this.omitted++
    else counts.set(key, (count ?? 0) + 1)
  }
}

function listLargest(counts: ReadonlyMap<number, number>): [number, number][] {
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, MAX_ROWS)
}
