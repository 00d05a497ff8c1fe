/**
 * The reading of --goroutine: one goroutine's totals, its life, and how its longest wait that another goroutine ended
 * came to that end. For the last, changes of state of all goroutines are kept, as many as fit: where the trace holds
 * more, the path of a wait that ended later is left out (--from and --to narrow it down).
 */
import { framesOf } from '../analyze/timeline/cells.ts'
import { type GoroutineLife, openGoroutineLife } from '../analyze/timeline/goroutine-life.ts'
import { findCriticalPath } from '../analyze/trace/critical-path.ts'
import { StackFunctions } from '../analyze/trace/stack-functions.ts'
import { openWakeHistory, type WakeHistory } from '../analyze/trace/wake-history.ts'
import { fault } from '../base/errors.ts'
import type { TimelineStep } from '../model/timeline.ts'
import type { TraceTables } from '../model/trace.ts'
import type { GoroutineAccount } from '../model/trace-account.ts'
import type { TimelineReading } from './timeline-reading.ts'

/** About 37 bytes each. */
const MAX_CHANGES = 1 << 20
const MAX_STEPS = 200

export type GoroutineReadingOptions = {
  readonly goroutine: number
  readonly fromNs?: number
  readonly toNs?: number
  readonly goVersion?: string
  readonly name: string
}

/** `found`: filled by the account with the lives of this id; the last one counts. */
export function openGoroutineReading(
  options: GoroutineReadingOptions,
  found: readonly GoroutineAccount[],
): TimelineReading {
  const life = openGoroutineLife(options)
  const history = openWakeHistory({
    fromNs: options.fromNs ?? 0,
    toNs: options.toNs ?? Number.POSITIVE_INFINITY,
    maxRows: MAX_CHANGES,
  })
  return {
    consumer: {
      onGeneration: (generation) => life.addGeneration(generation),
      onChunk: (chunk, tables) => {
        life.addChunk(chunk, tables)
        history.addChunk(chunk, tables)
      },
      onCpuSamples: (samples) => life.addCpuSamples(samples),
    },
    finish({ account, tables }) {
      const goroutine = found.at(-1)
      if (goroutine === undefined) {
        const message = `The trace has no goroutine ${options.goroutine}`
        return { fault: fault('SL_OPS_NO_GOROUTINE', { message, target: options.name }) }
      }
      const { longestWoken, ...told } = life.finish(account.endNs, tables)
      const path = findPath(options.goroutine, longestWoken, history.finish(), tables)
      const way = path !== undefined ? { path } : longestWoken === undefined ? {} : { isPathCut: true }
      return { data: { goroutine: { ...goroutine, life: { ...told, ...way } } } }
    },
  }
}

function findPath(
  goroutine: number,
  wait: GoroutineLife['longestWoken'],
  history: WakeHistory,
  tables: TraceTables,
): readonly TimelineStep[] | undefined {
  if (wait === undefined) return undefined
  const seenToNs = history.complete ? Number.POSITIVE_INFINITY : (history.timesNs[history.rowCount - 1] ?? 0)
  if (wait.endNs > seenToNs) return undefined
  const segments = findCriticalPath(history, tables, { goroutine, fromNs: wait.startNs, toNs: wait.endNs })
  const functions = new StackFunctions()
  functions.use(tables)
  const names = new Map<number, string>()
  if (wait.wokenBy.startFunction !== undefined) names.set(wait.wokenBy.goroutine, wait.wokenBy.startFunction)
  segments.forEach(({ goroutine: id, state, stack }, at) => {
    // A wait and a system call have the goroutine's own stack; runnable has that of who made it so, who stands before.
    const owner = state === 'runnable' ? segments[at - 1]?.goroutine : id
    const name = functions.nameOf(functions.rootOf(stack))
    if (owner !== undefined && name !== '') names.set(owner, name)
  })
  return segments.slice(-MAX_STEPS).map(({ goroutine: id, state, startNs, endNs, reason, stack }): TimelineStep => {
    const startFunction = names.get(id)
    return {
      goroutine: id,
      ...(startFunction === undefined ? {} : { startFunction }),
      state,
      startNs,
      ns: endNs - startNs,
      reason,
      stack: framesOf(stack, tables),
    }
  })
}
