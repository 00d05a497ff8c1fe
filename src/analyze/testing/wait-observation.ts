/**
 * What the runtime was seen to show of one kind of wait, and the comparison of that with the lens table.
 * Enters: an observation made by scripts/judge/waits.ts (committed below testdata/waits). Leaves: the cells that differ.
 * For tests and judges; no part of the product.
 */

import { waitKinds } from '../lenses/table.ts'
import type { LensView, WaitKind, WaitProgram } from '../lenses/types.ts'
import { findTraceWaitKind, findWaitKind, isInSpan, readMinor } from '../lenses/visibility.ts'

export type SeenState = {
  readonly state: 'Running' | 'Runnable' | 'Waiting' | 'Syscall'
  readonly reason: string
  /** The state it came from; `Undetermined` where it was found in this one when the trace began. */
  readonly from: string
  /** Leaf first, down to the first frame of the program's own. */
  readonly frames: readonly string[]
}

export type Recorded = 'never' | 'now' | 'after'

export type WaitObservation = {
  readonly program: string
  /** steady: the goroutines blocked once and stayed. churn: they went in and out of the wait. */
  readonly mode: 'steady' | 'churn'
  /** Status words of ordinary dumps; for churn programs those that the table has a row for. */
  readonly dump: readonly string[]
  /** Status words of the dump that SIGQUIT prints at level system; absent where it was not taken. */
  readonly systemDump?: readonly string[]
  readonly frames: readonly string[]
  readonly block: Recorded
  readonly mutex: Recorded
  /** Whether CPU samples fell on the goroutines; absent where they run between waits. */
  readonly cpu?: boolean
  readonly trace: readonly SeenState[]
  /** In a trace that began while they waited; absent for churn programs. */
  readonly olderTrace?: readonly SeenState[]
  /** Flagged by the leak profile while the program still reached what is waited for, and after; absent without one. */
  readonly leak?: { readonly reachable: boolean; readonly unreachable: boolean }
}

export type WaitObservations = {
  /** Minor release: `1.27`. */
  readonly go: string
  /** Whether the leak profile is there without a build experiment. */
  readonly leakProfileByDefault: boolean
  /** Whether dumps taken after a leak profile carry its (leaked) marks. */
  readonly leakMarksLaterDumps: boolean
  readonly programs: readonly WaitObservation[]
}

export type Difference = {
  readonly program: string
  readonly kind: string
  readonly cell: string
  readonly table: string
  readonly runtime: string
}

/** Every cell of the table that the observations contradict, and every program or row that has no counterpart. */
export function compareWithTable(seen: WaitObservations): Difference[] {
  const release = readMinor(seen.go)
  const differences: Difference[] = []
  const programs = new Map(seen.programs.map((program) => [program.program, program]))
  for (const kind of waitKinds) {
    for (const program of kind.programs) {
      if (!isInSpan(release, program)) continue
      const observation = programs.get(program.name)
      programs.delete(program.name)
      const where = { program: program.name, kind: kind.id }
      if (observation === undefined)
        differences.push({ ...where, cell: 'program', table: 'listed', runtime: 'not run' })
      else differences.push(...compareCells(kind, program, observation, seen.go))
    }
    differences.push(...compareTraceStates(kind, seen))
  }
  for (const program of programs.keys()) {
    differences.push({ program, kind: '', cell: 'program', table: 'not listed', runtime: 'run' })
  }
  return differences
}

function compareCells(kind: WaitKind, program: WaitProgram, seen: WaitObservation, go: string): Difference[] {
  const differences: Difference[] = []
  const expect = (cell: string, table: string, runtime: string): void => {
    if (table !== runtime) differences.push({ program: program.name, kind: kind.id, cell, table, runtime })
  }
  const dumpKinds = (words: readonly string[]): string =>
    joinUnique(words.map((reason) => findWaitKind({ reason, frames: seen.frames, goVersion: go })?.id ?? `? ${reason}`))

  expect('goroutine', shownInDump(kind), dumpKinds(seen.dump))
  if (seen.systemDump !== undefined) expect('dump of level system', kind.id, dumpKinds(seen.systemDump))
  expect('block', recorded(kind.views.block), seen.block)
  expect('mutex', recorded(kind.views.mutex), seen.mutex)
  if (seen.cpu !== undefined) expect('cpu', String(kind.views.cpu === 'now'), String(seen.cpu))
  if (seen.leak !== undefined) {
    const { reachable, unreachable } = seen.leak
    expect('leak profile, reachable', String(kind.views.goroutineleak === 'proof'), String(reachable))
    expect('leak profile, unreachable', String(isFlaggable(kind, program)), String(unreachable))
  }
  if (kind.views.trace === 'never') return differences
  for (const [cell, states] of [
    ['trace', seen.trace],
    ['trace of an older wait', seen.olderTrace ?? []],
  ] as const) {
    for (const state of states) {
      const found = findTraceWaitKind({ ...state, goVersion: go })?.id ?? '?'
      expect(`${cell}, ${nameState(state)}`, expectInTrace(kind, state), found)
    }
  }
  // A trace gives no reason for a wait that began before it.
  for (const state of seen.olderTrace ?? []) expect('trace of an older wait, reason', '', state.reason)
  return differences
}

function expectInTrace(kind: WaitKind, state: SeenState): string {
  if (state.from !== 'Undetermined') return kind.traceShownAs ?? kind.id
  // Before Go 1.23 such a status has no stack either: nothing can be told.
  if (state.state === 'Waiting' && state.frames.length === 0) return '?'
  return kind.olderTraceShownAs ?? kind.traceShownAs ?? kind.id
}

/** The states of a row are those of all its programs together. */
function compareTraceStates(kind: WaitKind, seen: WaitObservations): Difference[] {
  const release = readMinor(seen.go)
  const names = new Set(kind.programs.filter((program) => isInSpan(release, program)).map((program) => program.name))
  if (names.size === 0) return []
  const states = seen.programs
    .filter((program) => names.has(program.program))
    .flatMap((program) => program.trace)
    .filter((state) => state.from !== 'Undetermined')
  const table = joinUnique(kind.traceStates.filter((row) => isInSpan(release, row)).map(nameState))
  const runtime = joinUnique(states.map(nameState))
  return table === runtime
    ? []
    : [{ program: [...names].join(' '), kind: kind.id, cell: 'trace states', table, runtime }]
}

function nameState(row: { readonly state: string; readonly reason: string }): string {
  return `${row.state} "${row.reason}"`
}

function shownInDump(kind: WaitKind): string {
  if (kind.views.goroutine === 'system-only' || kind.views.goroutine === 'never') return ''
  return kind.dumpShownAs ?? kind.id
}

function recorded(view: LensView): Recorded {
  return view === 'now' || view === 'after' ? view : 'never'
}

function isFlaggable(kind: WaitKind, program: WaitProgram): boolean {
  const view = kind.views.goroutineleak
  return view === 'proof' || (view === 'proof-if-unreachable' && program.reachableBy === undefined)
}

function joinUnique(words: readonly string[]): string {
  return [...new Set(words)].sort().join(', ')
}
