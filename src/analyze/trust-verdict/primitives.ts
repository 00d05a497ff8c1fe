/**
 * The raw shapes, counted before any of them is judged: orphans by where their parent should be, roots of a kind that
 * is seldom one, ids that are there twice, log records without a trace id. What they mean is said by the breaks.
 */
import { type LogTable, parentPlaces, spanKinds } from '../../model/spans.ts'
import type { TrustData } from '../../model/trust/trust-data.ts'
import { ORPHAN, ROOT, type SpanForest } from '../trust/forest.ts'
import type { Operations } from '../trust/operations.ts'

const SERVER = spanKinds.indexOf('server')
const LOCAL = parentPlaces.indexOf('local')
const REMOTE = parentPlaces.indexOf('remote')

export function countPrimitives(
  { spans, parents, duplicates }: SpanForest,
  operations: Operations,
  logs: LogTable | undefined,
): TrustData['primitives'] {
  const roots = new Uint32Array(operations.list.length)
  const children = new Uint32Array(operations.list.length)
  let orphans = 0
  let local = 0
  let remote = 0
  let rogue = 0
  for (let row = 0; row < spans.count; row++) {
    const operation = operations.of[row] as number
    const parent = parents[row] as number
    if (parent === ROOT) {
      roots[operation] = (roots[operation] as number) + 1
      if (spans.kinds[row] !== SERVER) rogue++
      continue
    }
    children[operation] = (children[operation] as number) + 1
    if (parent !== ORPHAN) continue
    orphans++
    if (spans.parentPlaces[row] === LOCAL) local++
    if (spans.parentPlaces[row] === REMOTE) remote++
  }
  operations.list.forEach(({ kind }, operation) => {
    // A server's span that usually has a parent.
    if (kind === SERVER && (children[operation] as number) > (roots[operation] as number)) {
      rogue += roots[operation] as number
    }
  })
  let without = 0
  for (let row = 0; row < (logs?.count ?? 0); row++) {
    if (logs !== undefined && !hasTraceId(logs, row)) without++
  }
  return {
    orphans,
    orphansLocalParent: local,
    orphansRemoteParent: remote,
    rogueRoots: rogue,
    duplicateSpanIds: duplicates.length,
    logRecords: logs?.count ?? 0,
    logsWithoutTraceId: without,
  }
}

/** Whether a record has an id that spans can have. */
export function hasTraceId({ traceIds }: LogTable, row: number): boolean {
  for (let at = row * 16; at < row * 16 + 16; at++) if (traceIds[at] !== 0) return true
  return false
}
