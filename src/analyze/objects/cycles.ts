/**
 * Lock-order cycles, from dumps only: A waits on a lock that B may hold, while B waits on a lock that A may hold.
 * Both halves are inferred from frames on the locks' objects (locks.ts), so a cycle is `probable` at best, and only
 * where its members stood still over the window. Rows are followed, not groups: a thousand copies are a thousand cycles.
 */
import type { LockTable } from './locks.ts'

export type LockCycles = {
  /** Rows on a cycle, each with the next row on it: the one that may hold what it waits for. */
  readonly next: ReadonlyMap<number, number>
}

export function findCycles(locks: LockTable): LockCycles {
  const next = new Map<number, number>()
  const state = new Map<number, 'open' | 'done'>()
  for (const start of locks.ofRow.keys()) {
    if (!state.has(start)) walk(locks, start, state, next)
  }
  return { next }
}

/** Iterative depth-first search; each row is visited once. */
function walk(locks: LockTable, start: number, state: Map<number, 'open' | 'done'>, next: Map<number, number>): void {
  const path: { readonly row: number; readonly holders: readonly number[]; at: number }[] = []
  open(start)
  while (path.length > 0) {
    const top = path.at(-1) as (typeof path)[number]
    const holder = top.holders[top.at++]
    if (holder === undefined) {
      state.set(top.row, 'done')
      path.pop()
    } else if (state.get(holder) === 'open') {
      const from = path.findIndex(({ row }) => row === holder)
      for (let at = from; at < path.length; at++) {
        next.set((path[at] as { row: number }).row, path[at + 1]?.row ?? holder)
      }
    } else if (!state.has(holder)) {
      open(holder)
    }
  }
  function open(row: number): void {
    state.set(row, 'open')
    path.push({ row, holders: listHolders(locks, row), at: 0 })
  }
}

/** Rows that may hold what this row waits for and wait for a lock themselves. */
function listHolders(locks: LockTable, row: number): readonly number[] {
  const address = locks.ofRow.get(row)
  const lock = address === undefined ? undefined : locks.byAddress.get(address)
  if (lock === undefined || lock.kind === 'waitgroup' || lock.kind === 'cond') return []
  return lock.candidates.filter((candidate) => locks.ofRow.has(candidate))
}
