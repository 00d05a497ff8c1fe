/**
 * Dumps → groups. One pass over the rows of each dump by numbers only (reason, stack and creator index); strings are
 * touched once per distinct combination, so 200,000 goroutines in twenty stacks cost twenty stacks.
 * Members that the runtime proved leaked stand in a group of their own, in every dump they appear in.
 */
import type { DatedDump } from '../../model/evidence.ts'
import { type DumpFrame, type GoroutineDump, goroutineFlags, readFrame, readStack } from '../../model/goroutine-dump.ts'
import { classifyWaitReason } from '../../model/wait-class.ts'
import { matchIdle } from '../idle/registry.ts'
import { findWaitKind } from '../lenses/visibility.ts'
import type { Group, GroupTable } from './group.ts'
import { countRuntimeLeaf, findUserDepth } from './primitives.ts'

export type BuildInput = {
  readonly dumps: readonly DatedDump[]
  /** Ids that the leak profile marked; empty where it is not at hand or withheld. */
  readonly provenIds: ReadonlySet<number>
  readonly goVersion?: string
}

type Draft = Omit<Group, 'rows' | 'counts'>

export function buildGroups(input: BuildInput): GroupTable {
  const byKey = new Map<string, Draft>()
  const drafts: Draft[] = []
  const groupOf: Uint32Array[] = []
  for (const { dump } of input.dumps) {
    const ofRow = new Uint32Array(dump.rowCount)
    const known = new Map<number, number>()
    for (let row = 0; row < dump.rowCount; row++) {
      const isProven = input.provenIds.size > 0 && input.provenIds.has(dump.ids[row] ?? 0)
      const local = localKey(dump, row, isProven)
      let index = known.get(local)
      if (index === undefined) {
        index = internGroup(input, dump, row, isProven, byKey, drafts)
        known.set(local, index)
      }
      ofRow[row] = index
    }
    groupOf.push(ofRow)
  }
  return {
    dumps: input.dumps,
    groups: fillRows(input.dumps, drafts, groupOf),
    groupOf,
    rowOf: input.dumps.map(({ dump }) => (input.dumps.length > 1 ? indexIds(dump) : new Map())),
  }
}

/** One number per (stack, creator, reason, marks) of a dump; exact below 2^53, which the decoders' caps guarantee. */
function localKey(dump: GoroutineDump, row: number, isProven: boolean): number {
  const flags = dump.flags[row] as number
  const marks =
    (isProven ? 1 : 0) +
    ((flags & goroutineFlags.durable) !== 0 ? 2 : 0) +
    ((flags & goroutineFlags.stackUnavailable) !== 0 ? 4 : 0)
  const creators = dump.frameFunctions.length + 1
  const reasons = dump.strings.length
  const place = (dump.stacks[row] as number) * creators + (dump.creatorsPlusOne[row] as number)
  return (place * reasons + (dump.reasons[row] as number)) * 8 + marks
}

function internGroup(
  input: BuildInput,
  dump: GoroutineDump,
  row: number,
  isProven: boolean,
  byKey: Map<string, Draft>,
  drafts: Draft[],
): number {
  const draft = draftGroup(input, dump, row, isProven, drafts.length)
  const known = byKey.get(draft.key)
  if (known !== undefined) return known.index
  byKey.set(draft.key, draft)
  drafts.push(draft)
  return draft.index
}

function draftGroup(input: BuildInput, dump: GoroutineDump, row: number, isProven: boolean, index: number): Draft {
  const frames = readStack(dump, dump.stacks[row] as number)
  const functions = frames.map((frame) => frame.function)
  const printed = dump.strings[dump.reasons[row] as number] as string
  const classed = classifyWaitReason(printed, functions)
  const creatorPlusOne = dump.creatorsPlusOne[row] as number
  const creator = creatorPlusOne === 0 ? undefined : readFrame(dump, creatorPlusOne - 1)
  const flags = dump.flags[row] as number
  const isDurable = (flags & goroutineFlags.durable) !== 0
  const isUnnamed = printed === ''
  const reason = isUnnamed ? '' : classed.reason
  const isStackUnavailable = (flags & goroutineFlags.stackUnavailable) !== 0 || frames.length === 0
  const kind = findWaitKind({
    reason: printed,
    frames: functions,
    isDurable,
    ...(input.goVersion === undefined ? {} : { goVersion: input.goVersion }),
  })
  const pattern = matchIdle({
    waitReason: reason,
    functions,
    ...(creator === undefined ? {} : { createdBy: creator.function }),
  })
  return {
    key: makeKey(reason, frames, creator, isProven),
    index,
    state: classed.state,
    reason,
    ...(classed.waitClass === undefined ? {} : { waitClass: classed.waitClass }),
    isKnownReason: classed.isKnown && !isUnnamed && classed.waitClass !== 'unknown',
    isDurable,
    isStackUnavailable,
    frames,
    functions,
    userDepth: findUserDepth(functions) ?? 0,
    ...(creator === undefined ? {} : { creator }),
    isSystem: isSystemGoroutine(classed.waitClass, functions, creator),
    isProbe: functions.some(isSamplingFrame),
    isProven,
    ...(kind === undefined ? {} : { kind }),
    ...(pattern === undefined ? {} : { pattern }),
  }
}

/** Handlers of net/http/pprof and what they start: the collector's own requests, or those of another one. */
const probeFrame =
  /^(net\/http\/pprof\.|runtime\/pprof\.(writeGoroutine|writeRuntimeProfile|profileWriter|StartCPUProfile|\(\*Profile\)\.WriteTo)|runtime\/trace\.\(\*traceMultiplexer\)|runtime\/trace\.Start\.func)/

/** Whether a function is part of taking profiles, dumps or traces of this process. */
export function isSamplingFrame(name: string): boolean {
  return probeFrame.test(name)
}

function isSystemGoroutine(
  waitClass: string | undefined,
  functions: readonly string[],
  creator: DumpFrame | undefined,
): boolean {
  if (waitClass === 'system') return true
  if (functions.length === 0 || functions.includes('main.main')) return false
  const isRuntime = (name: string) => name.startsWith('runtime.')
  return functions.every(isRuntime) && creator !== undefined && isRuntime(creator.function)
}

function makeKey(
  reason: string,
  frames: readonly DumpFrame[],
  creator: DumpFrame | undefined,
  isProven: boolean,
): string {
  const skip = countRuntimeLeaf(frames.map((frame) => frame.function))
  const lines = frames.slice(skip).map((frame) => `${frame.function}:${frame.line ?? 0}`)
  return [reason, isProven ? 'proven' : '', creator?.function ?? '', ...lines].join('\n')
}

function fillRows(
  dumps: readonly DatedDump[],
  drafts: readonly Draft[],
  groupOf: readonly Uint32Array[],
): readonly Group[] {
  const perDump = dumps.map(({ dump }, at) => sortRows(dump, groupOf[at] as Uint32Array, drafts.length))
  return drafts.map((draft) => ({
    ...draft,
    rows: perDump.map(({ start, rows }) =>
      rows.subarray(start[draft.index] as number, start[draft.index + 1] as number),
    ),
    counts: perDump.map(({ counts }) => counts[draft.index] as number),
  }))
}

/** Counting sort of a dump's rows by group. */
function sortRows(dump: GoroutineDump, ofRow: Uint32Array, groups: number) {
  const start = new Uint32Array(groups + 1)
  const counts = new Float64Array(groups)
  for (let row = 0; row < ofRow.length; row++) {
    const group = ofRow[row] as number
    start[group + 1] = (start[group + 1] as number) + 1
    counts[group] = (counts[group] as number) + (dump.counts[row] as number)
  }
  for (let group = 0; group < groups; group++) {
    start[group + 1] = (start[group + 1] as number) + (start[group] as number)
  }
  const next = start.slice(0, groups)
  const rows = new Uint32Array(ofRow.length)
  for (let row = 0; row < ofRow.length; row++) {
    const group = ofRow[row] as number
    const at = next[group] as number
    rows[at] = row
    next[group] = at + 1
  }
  return { start, rows, counts }
}

function indexIds(dump: GoroutineDump): ReadonlyMap<number, number> {
  const rows = new Map<number, number>()
  for (let row = 0; row < dump.ids.length; row++) rows.set(dump.ids[row] as number, row)
  return rows
}
