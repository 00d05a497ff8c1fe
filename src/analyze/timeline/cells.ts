/**
 * The account of a trace as cells: time of the program's goroutines by start function, creator, state, reason and
 * stack. Cells add up to the account's totals: what its list of sites leaves out is a cell without a stack.
 * Running time has no stacks in a trace: its cells know start function and creator only.
 */

import type { TimelineState } from '../../model/timeline.ts'
import type { TraceTables } from '../../model/trace.ts'
import type { SiteRow, StateTimes, TraceAccount, TraceGroup } from '../../model/trace-account.ts'
import type { WaitClass } from '../../model/wait-class.ts'

export type TimeCell = {
  readonly startFunction: string
  readonly creator: string
  readonly state: TimelineState
  readonly reason: string
  readonly waitClass?: WaitClass
  readonly stack: number
  readonly ns: number
  /** Absent for running time, and for what the list of sites left out. */
  readonly site?: SiteRow
}

const stateOfSite = { Runnable: 'runnable', Waiting: 'waiting', Syscall: 'syscall' } as const

const listedStates = [
  ['runnable', 'runnableNs'],
  ['waiting', 'waitingNs'],
  ['syscall', 'syscallNs'],
] as const satisfies readonly (readonly [TimelineState, keyof StateTimes])[]

export function listCells(account: TraceAccount): TimeCell[] {
  const cells: TimeCell[] = []
  const listed = new Map<string, number>()
  for (const site of account.sites) {
    if (site.isSystem) continue
    const state = stateOfSite[site.state]
    const key = `${state} ${site.startFunction}`
    listed.set(key, (listed.get(key) ?? 0) + site.ns)
    const { startFunction, creator, reason, waitClass, stack, ns } = site
    cells.push({ startFunction, creator, state, reason, waitClass, stack, ns, site })
  }
  for (const group of account.groups) {
    if (group.isSystem) continue
    cells.push(...listRunning(group))
    for (const [state, key] of listedStates) {
      const rest = group[key] - (listed.get(`${state} ${group.startFunction}`) ?? 0)
      if (rest > 0) cells.push(cellWithoutSite(group.startFunction, '', state, rest))
    }
  }
  return cells
}

function listRunning({ startFunction, creators, runningNs }: TraceGroup): TimeCell[] {
  const cells = creators
    .filter((creator) => creator.runningNs > 0)
    .map((creator) => cellWithoutSite(startFunction, creator.function, 'running', creator.runningNs))
  const rest = runningNs - cells.reduce((sum, { ns }) => sum + ns, 0)
  if (rest > 0) cells.push(cellWithoutSite(startFunction, '', 'running', rest))
  return cells
}

function cellWithoutSite(startFunction: string, creator: string, state: TimelineState, ns: number): TimeCell {
  return { startFunction, creator, state, reason: '', stack: 0, ns }
}

/** Frames of a stack, leaf first. */
export function framesOf(stack: number, tables: TraceTables): { function: string; file: string; line: number }[] {
  const { strings, stackStart, stackFrames, frameFunctions, frameFiles, frameLines } = tables
  const frames: { function: string; file: string; line: number }[] = []
  if (stack <= 0) return frames
  const end = stackStart[stack + 1] ?? 0
  for (let at = stackStart[stack] ?? end; at < end; at++) {
    const frame = stackFrames[at] ?? 0
    frames.push({
      function: strings[frameFunctions[frame] ?? 0] ?? '',
      file: strings[frameFiles[frame] ?? 0] ?? '',
      line: frameLines[frame] ?? 0,
    })
  }
  return frames
}
