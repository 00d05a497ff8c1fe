/**
 * Reasons that a trace does not have, out of dumps of the same process: a goroutine that waited before the trace began
 * and was not woken in it stands in a dump with its reason. The dump must be near in time, show the goroutine waiting,
 * and show it where the trace has it; a trace that gives no stack for it (Go before 1.23) is taken at the dump's word.
 */
import type { DatedDump } from '../../model/evidence.ts'
import { type GoroutineDump, readReason, readStack } from '../../model/goroutine-dump.ts'
import type { TraceAccount } from '../../model/trace-account.ts'
import type { TraceFrame } from '../../model/trace-activity.ts'
import { classifyWaitReason, type WaitClass } from '../../model/wait-class.ts'
import { placeKey } from './trace-frames.ts'

/** A dump further from the trace than this says nothing of it. */
const MAX_AWAY_NS = 60e9

type UntoldWait = TraceAccount['unknownWaits']['rows'][number]

export type ToldReason = UntoldWait & {
  /** As the dump prints it. */
  readonly reason: string
  readonly waitClass: WaitClass
  readonly source: string
  readonly line: number
  /** From the dump to the trace; absent when nothing says when either was taken, 0 when it was taken within it. */
  readonly awayNs?: number
}

export type ToldReasons = { readonly told: readonly ToldReason[]; readonly untold: readonly UntoldWait[] }

/** `trace`: when it was on, on the clock of the dumps' `atNs`. The nearest dump that knows a goroutine tells. */
export function tellReasons(
  rows: readonly UntoldWait[],
  framesOf: (stack: number) => readonly TraceFrame[],
  dumps: readonly DatedDump[],
  trace: { readonly startNs?: number; readonly endNs?: number } = {},
): ToldReasons {
  const wanted = new Set(rows.map(({ goroutine }) => goroutine))
  const near = dumps
    .map((dated) => ({ dated, awayNs: distance(dated, trace), rowOf: indexWanted(dated.dump, wanted) }))
    .filter(({ awayNs }) => awayNs === undefined || awayNs <= MAX_AWAY_NS)
    .reverse()
    .sort((a, b) => (a.awayNs ?? 0) - (b.awayNs ?? 0))
  const told: ToldReason[] = []
  const untold: UntoldWait[] = []
  for (const wait of rows) {
    const key = placeKey(framesOf(wait.stack))
    let found: ToldReason | undefined
    for (const { dated, awayNs, rowOf } of near) {
      const row = rowOf.get(wait.goroutine)
      if (row === undefined) continue
      found = readWait(wait, dated, row, key)
      if (found !== undefined && awayNs !== undefined) found = { ...found, awayNs }
      break
    }
    if (found === undefined) untold.push(wait)
    else told.push(found)
  }
  return { told, untold }
}

function readWait(wait: UntoldWait, { source, dump }: DatedDump, row: number, key: string): ToldReason | undefined {
  const frames = readStack(dump, dump.stacks[row] as number)
  const printed = readReason(dump, row)
  const { state, waitClass, reason } = classifyWaitReason(
    printed,
    frames.map((frame) => frame.function),
  )
  if (state !== 'waiting' || reason === '') return undefined
  if (key !== '' && placeKey(frames) !== key) return undefined
  return { ...wait, reason, waitClass: waitClass ?? 'unknown', source, line: dump.lines[row] as number }
}

function indexWanted(dump: GoroutineDump, wanted: ReadonlySet<number>): ReadonlyMap<number, number> {
  const rows = new Map<number, number>()
  for (let row = 0; row < dump.ids.length; row++) {
    const id = dump.ids[row] as number
    if (wanted.has(id)) rows.set(id, row)
  }
  return rows
}

function distance(
  { atNs }: DatedDump,
  { startNs, endNs }: { readonly startNs?: number; readonly endNs?: number },
): number | undefined {
  if (atNs === undefined || startNs === undefined || endNs === undefined) return undefined
  return Math.max(0, startNs - atNs, atNs - endNs)
}
