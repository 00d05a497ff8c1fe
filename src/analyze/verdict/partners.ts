/**
 * Waits whose missing partner the dump shows by descent: a WaitGroup or channel waiter whose own children stand still,
 * a sender whose maker has returned. Creator ids are printed since Go 1.21; without them these rules are silent.
 */
import type { GoroutineDump } from '../../model/goroutine-dump.ts'
import { type Group, nameWait, rowsLast, userFunctionOf } from '../groups/group.ts'
import { type CaseFile, describeWindow, isStanding, oneDump, plural, type VerdictRule } from './judgement.ts'

/** Rows looked at per group: enough to be sure of what its members share. */
const SAMPLE = 500

export type Makers = {
  /** Members whose maker the dump names (Go 1.21 and later). */
  readonly known: number
  /** …of these: the goroutine that made it is gone, or the function in it that did has returned. */
  readonly returned: number
  /** …of these: the maker is a goroutine that serves requests of clients. */
  readonly serving: number
}

/** What became of the goroutines and functions that started the group's members; undefined where nothing says. */
export function readMakers({ group, context }: Pick<CaseFile, 'group' | 'context'>): Makers | undefined {
  const dated = context.table.dumps.at(-1)
  const maker = group.creator?.function
  if (dated === undefined || dated.dump.isTruncated || maker === undefined) return undefined
  const ofRow = context.table.groupOf.at(-1) as Uint32Array
  let known = 0
  let returned = 0
  let serving = 0
  for (const row of rowsLast(group).subarray(0, SAMPLE)) {
    const creator = dated.dump.creatorIds[row] as number
    if (creator === 0) continue
    known++
    const at = context.findRow(creator)
    const functions = at === undefined ? [] : (context.table.groups[ofRow[at] as number] as Group).functions
    if (!functions.includes(maker)) returned++
    if (functions.some((name) => servingFrame.test(name))) serving++
  }
  return known === 0 ? undefined : { known, returned, serving }
}

/** Roots of goroutines that serve one client after another. */
const servingFrame =
  /^(net\/http\.\(\*conn\)\.serve|net\/http\.\(\*http2serverConn\)\.runHandler|google\.golang\.org\/grpc\.\(\*Server\)\.handleStream)$/

export const childrenRule: VerdictRule = {
  id: 'children',
  judge: (file) => {
    const { group, context } = file
    if (!isJoinWait(group)) return undefined
    if (context.dumpCount >= 2 && !isStanding(file)) return undefined
    const children = readChildren(file)
    if (children.idle !== undefined) {
      const name = userFunctionOf(children.idle)
      return {
        verdict: 'idle',
        confidence: 'possible',
        pattern: 'waits-for-idle-children',
        why: `it waits for goroutines that it started to end, and these are idle by design (${name})`,
      }
    }
    if (group.creator === undefined && group.functions.includes('main.main')) {
      const why = 'main waits for the program’s goroutines to end, as a program’s main does'
      return { verdict: 'idle', confidence: 'possible', pattern: 'main-waits-for-all', why }
    }
    const stuck = children.stuck
    if (stuck === undefined) return undefined
    const isOne = context.dumpCount < 2
    const name = `${userFunctionOf(stuck.group)} [${nameWait(stuck.group)}]`
    const confidence = isOne ? 'possible' : stuck.share >= 0.9 ? 'probable' : 'possible'
    const why = `${plural(stuck.children, 'goroutine')} that it started and waits for stand${stuck.children === 1 ? 's' : ''} still in ${name}`
    return {
      verdict: 'stuck',
      confidence: 'possible',
      cause: 'children',
      why: `${why} ${isOne ? `; ${oneDump}` : describeWindow(context)}`,
      blockedBy: { group: stuck.group.index, confidence, why },
    }
  },
}

/** sync.WaitGroup.Wait; until Go 1.23 its reason was `semacquire`. */
export function isJoinWait(group: Group): boolean {
  if (group.reason.startsWith('sync.WaitGroup.Wait')) return true
  return group.reason === 'semacquire' && group.functions.slice(0, 4).includes('sync.(*WaitGroup).Wait')
}

type Children = {
  /** The group in which most of the members' children stand; only synchronisation counts, not work outside. */
  readonly stuck?: { readonly group: Group; readonly children: number; readonly share: number }
  /** A child that is idle by knowledge: then the wait lasts as long as the service does. */
  readonly idle?: Group
}

function readChildren({ group, context }: CaseFile): Children {
  const dump = context.table.dumps.at(-1)?.dump as GoroutineDump
  const tally = new Map<number, number>()
  let waiters = 0
  let served = 0
  for (const row of rowsLast(group).subarray(0, SAMPLE)) {
    waiters++
    let some = false
    for (const child of context.childrenOf.get(dump.ids[row] as number) ?? []) {
      const other = context.table.groups[child] as Group
      if (other.pattern?.strength === 'named') return { idle: other }
      if (!isSynchronisation(other)) continue
      tally.set(child, (tally.get(child) ?? 0) + 1)
      some = true
    }
    if (some) served++
  }
  let best: NonNullable<Children['stuck']> | undefined
  for (const [index, children] of tally) {
    if (best !== undefined && best.children >= children) continue
    best = { group: context.table.groups[index] as Group, children, share: served / waiters }
  }
  return best === undefined ? {} : { stuck: best }
}

function isSynchronisation(group: Group): boolean {
  if (group.isProbe || group.pattern?.strength === 'named') return false
  return ['chan', 'select', 'sync', 'cond', 'forever'].includes(group.waitClass ?? '')
}

export function describeMakers(file: CaseFile): string | undefined {
  const makers = readMakers(file)
  if (makers === undefined || makers.returned === 0) return undefined
  const who = file.group.creator?.function ?? 'its maker'
  if (makers.returned < makers.known)
    return `for ${makers.returned} of ${makers.known}, ${who}, which started them, has returned`
  return `${who}, which started ${file.members === 1 ? 'it' : 'them'}, has returned`
}
