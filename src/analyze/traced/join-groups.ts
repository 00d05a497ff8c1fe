/**
 * Groups of a dump ↔ what an execution trace of the same process says of their goroutines: by id, which is the same in
 * both, and by place, for those that came and went. `here` is the state and the place in which the dump shows a group.
 */
import type { TracedGroupTimes, TracedPlace, TracedWait } from '../../model/diagnosis.ts'
import type { TracedStay, TraceReading } from '../../model/trace-activity.ts'
import { classifyBlockReason } from '../../model/wait-class.ts'
import { type Group, rowsLast } from '../groups/group.ts'
import { placeKey } from './trace-frames.ts'

const MAX_WAITS = 10
/** Members whose stays are looked at one by one; all of them count in the times by state. */
const MAX_MEMBERS = 50_000

export type GroupJoin = {
  /** Undefined where the trace knows neither a member nor the place. */
  timesOf(group: Group): TracedGroupTimes | undefined
  /** Text by which sites of the trace and groups of the dump are the same place. */
  keyOf(group: Group): string
}

/** `sourceOf`: file of the last dump. */
export function joinGroups(reading: TraceReading, dumpSource: string): GroupJoin {
  const { goroutines, account, meta } = reading
  const places = new Map<string, TracedPlace>()
  const keys = new Map<number, string>()
  const keyOfStack = (stack: number) => {
    let key = keys.get(stack)
    if (key === undefined) {
      key = placeKey(reading.framesOf(stack))
      keys.set(stack, key)
    }
    return key
  }
  for (const site of account.sites) {
    if (site.stack === 0) continue
    const key = `${site.state} ${keyOfStack(site.stack)}`
    const { ns, count, openCount, longest } = site
    places.set(key, addPlace(places.get(key), { ns, count, maxNs: longest.ns, openCount }))
  }

  function isHere(stay: TracedStay, group: Group, key: string): boolean {
    if (stateWord(group) !== stay.state) return false
    if (stay.stack !== 0) return keyOfStack(stay.stack) === key
    // A wait from before the trace whose stack it does not tell: the dump, taken before it, has it.
    return stay.isOlder && stay.reason === ''
  }

  function timesOf(group: Group): TracedGroupTimes | undefined {
    const key = placeKey(group.frames)
    const times = { runningNs: 0, runnableNs: 0, waitingNs: 0, syscallNs: 0 }
    let members = 0
    let looked = 0
    let here: TracedPlace = { ns: 0, count: 0, maxNs: 0, openCount: 0 }
    const waits = new Map<string, TracedWait>()
    for (const row of rowsLast(group)) {
      if (goroutines.seen[row] !== 1) continue
      members++
      times.runningNs += goroutines.runningNs[row] ?? 0
      times.runnableNs += goroutines.runnableNs[row] ?? 0
      times.waitingNs += goroutines.waitingNs[row] ?? 0
      times.syscallNs += goroutines.syscallNs[row] ?? 0
      if (looked++ >= MAX_MEMBERS) continue
      for (const stay of goroutines.staysOf(row)) {
        const atHome = isHere(stay, group, key)
        const openCount = stay.isOpen ? 1 : 0
        if (atHome) here = addPlace(here, { ns: stay.ns, count: stay.count, maxNs: stay.maxNs, openCount })
        if (stay.state === 'Waiting') addWait(waits, stay, atHome, group)
      }
    }
    const everyone = key === '' ? undefined : places.get(`${stateWord(group)} ${key}`)
    if (members === 0 && everyone === undefined) return undefined
    return {
      windowNs: meta.durationNs,
      members,
      ...times,
      here,
      ...(everyone === undefined ? {} : { everyone }),
      waits: [...waits.values()].sort((a, b) => b.ns - a.ns).slice(0, MAX_WAITS),
    }
  }

  function addWait(waits: Map<string, TracedWait>, stay: TracedStay, here: boolean, group: Group): void {
    const isUntold = stay.reason === '' && !stay.isSwitch
    const fromDump = isUntold && here && stay.isOlder && group.reason !== ''
    const waitClass = fromDump
      ? (group.waitClass ?? 'unknown')
      : stay.isSwitch
        ? 'coroutine'
        : (classifyBlockReason(
            stay.reason,
            reading.framesOf(stay.stack).map((frame) => frame.function),
          ).waitClass ?? 'unknown')
    const blockReason = fromDump ? group.reason : stay.reason
    const key = `${blockReason} ${here} ${waitClass} ${fromDump}`
    const before = waits.get(key)
    waits.set(key, {
      blockReason,
      waitClass,
      here,
      ns: (before?.ns ?? 0) + stay.ns,
      count: (before?.count ?? 0) + stay.count,
      maxNs: Math.max(before?.maxNs ?? 0, stay.maxNs),
      openCount: (before?.openCount ?? 0) + (stay.isOpen ? 1 : 0),
      ...(fromDump ? { reasonFrom: dumpSource } : {}),
    })
  }

  return { timesOf, keyOf: (group) => `${stateWord(group)} ${placeKey(group.frames)}` }
}

/** The state of a trace that a dump's group is in. */
function stateWord(group: Group): string {
  if (group.state === 'syscall') return 'Syscall'
  if (group.state === 'runnable') return 'Runnable'
  return group.state === 'running' ? 'Running' : 'Waiting'
}

function addPlace(before: TracedPlace | undefined, more: TracedPlace): TracedPlace {
  if (before === undefined) return more
  return {
    ns: before.ns + more.ns,
    count: before.count + more.count,
    maxNs: Math.max(before.maxNs, more.maxNs),
    openCount: before.openCount + more.openCount,
  }
}
