/**
 * Functions of interned stacks: the root (where the goroutine started), the leaf, all names for classification.
 * A function is named by the index of its string: interned by content, so equal names are one function.
 * A stack of the longest length that the runtime writes was cut, and its last frame is no root.
 */
import type { TraceTables } from '../../model/trace.ts'

/** tracev2.MaxFramesPerStack. */
const CUT_AT_FRAMES = 128
/** Frames that classification looks at: primitives stand near the leaf. */
const FRAMES_FOR_CLASS = 40

export class StackFunctions {
  private tables: TraceTables | undefined
  private roots: Int32Array = new Int32Array(1024).fill(-1)

  /** The tables grow between chunks, and their arrays may be replaced. */
  use(tables: TraceTables): void {
    this.tables = tables
  }

  /** String of the function at the root; 0 where the stack is empty or was cut. */
  rootOf(stack: number): number {
    if (stack < this.roots.length) {
      const known = this.roots[stack] as number
      if (known >= 0) return known
    }
    const root = this.readRoot(stack)
    if (stack >= this.roots.length && stack < 1 << 26) {
      const grown = new Int32Array(Math.max(stack + 1, this.roots.length * 2)).fill(-1)
      grown.set(this.roots)
      this.roots = grown
    }
    if (stack < this.roots.length) this.roots[stack] = root
    return root
  }

  leafOf(stack: number): number {
    const tables = this.tables
    if (tables === undefined || stack <= 0) return 0
    const start = tables.stackStart[stack]
    const end = tables.stackStart[stack + 1]
    if (start === undefined || end === undefined || end <= start) return 0
    return tables.frameFunctions[tables.stackFrames[start] ?? 0] ?? 0
  }

  nameOf(string: number): string {
    return this.tables?.strings[string] ?? ''
  }

  /** Names, leaf first; undefined for the empty stack. */
  framesOf(stack: number): readonly string[] | undefined {
    const tables = this.tables
    if (tables === undefined || stack <= 0) return undefined
    const start = tables.stackStart[stack] ?? 0
    const end = Math.min(tables.stackStart[stack + 1] ?? 0, start + FRAMES_FOR_CLASS)
    const names: string[] = []
    for (let at = start; at < end; at++) {
      names.push(tables.strings[tables.frameFunctions[tables.stackFrames[at] ?? 0] ?? 0] ?? '')
    }
    return names.length === 0 ? undefined : names
  }

  private readRoot(stack: number): number {
    const tables = this.tables
    if (tables === undefined || stack <= 0) return 0
    const start = tables.stackStart[stack]
    const end = tables.stackStart[stack + 1]
    if (start === undefined || end === undefined || end <= start || end - start >= CUT_AT_FRAMES) return 0
    return tables.frameFunctions[tables.stackFrames[end - 1] ?? 0] ?? 0
  }
}

/**
 * As runtime.isSystemGoroutine tells from a start function (internal/trace IsSystemGoroutine). Goroutines without a
 * known start function are the caller's question: the runtime's extra threads, or the user's, never seen to move.
 */
export function isSystemFunction(name: string): boolean {
  return name !== 'runtime.main' && name.startsWith('runtime.')
}
