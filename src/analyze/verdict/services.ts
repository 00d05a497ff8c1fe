/**
 * Receivers that were started with the process, not by a request: workers, tickers, watchers of the program itself.
 * A leak is made by work that comes again and again; what main starts, what was there before the listener, and what is
 * among the first goroutines of an old process comes once. All three are hints, never proof, and only for few members.
 */
import { rowsLast } from '../groups/group.ts'
import type { CaseFile } from './judgement.ts'

export type ServiceHint = { readonly pattern: string; readonly why: string }

/** Larger groups are rather copies of something that was done many times. */
const MAX_MEMBERS = 8
/** A process that has started this many goroutines has a past: its first ones are its own services. */
const OLD_PROCESS_IDS = 2000
const EARLY_SHARE = 0.05
const EARLY_MEMBERS = 2

export function findServiceHint(file: CaseFile): ServiceHint | undefined {
  const { group, members, context } = file
  if (members > MAX_MEMBERS) return undefined
  if (group.creator?.function === 'main.main') {
    return {
      pattern: 'started-by-main',
      why: 'main itself started it, which happens once: it looks like a service of its own',
    }
  }
  if (hasIdsBelow(file, context.firstListenerId ?? 0)) {
    return {
      pattern: 'started-before-the-listener',
      why: 'it was started before the server began to listen, so by no request: it looks like a service of its own',
    }
  }
  if (
    members <= EARLY_MEMBERS &&
    context.highestId >= OLD_PROCESS_IDS &&
    hasIdsBelow(file, context.highestId * EARLY_SHARE)
  ) {
    return {
      pattern: 'started-with-the-process',
      why: `among the first goroutines of a process that has started about ${context.highestId}, and one of a kind: it looks like a service of its own`,
    }
  }
  return undefined
}

/** Ids are handed out in order, in batches of 16 for each processor: near enough for "before". */
function hasIdsBelow({ group, context }: CaseFile, limit: number): boolean {
  const ids = context.table.dumps.at(-1)?.dump.ids
  return limit > 0 && rowsLast(group).every((row) => (ids?.[row] ?? Number.POSITIVE_INFINITY) < limit)
}
