/** What analysis itself doubts: one dump, dumps without times, words it does not know, a cut dump, an unread trace. */
import type { EvidenceSet } from '../model/evidence.ts'
import type { Issue } from '../model/issue.ts'
import type { StandIn } from './groups/profile-dump.ts'
import type { VerdictContext } from './verdict/judgement.ts'

export function listDoubts(
  evidence: EvidenceSet,
  context: VerdictContext,
  lost: number,
  standIn?: StandIn,
): readonly Issue[] {
  const issues: Issue[] = []
  const add = (code: Issue['code'], message: string, more: Partial<Issue> = {}) =>
    issues.push({ code, message, severity: 'warning', count: 1, ...more })
  const { dumps } = evidence
  if (dumps.length === 0) {
    add('SL_ANALYZE_NO_DUMP', 'there is no goroutine dump: nothing says what goroutines wait on')
    return issues
  }
  if (standIn !== undefined) {
    const what = standIn === 'goroutine' ? 'goroutines' : 'leaked goroutines, and no others,'
    add(
      'SL_ANALYZE_NO_DUMP',
      `there is no goroutine dump: ${what} are counted from a profile, by stack, without reasons`,
    )
  } else if (context.dumpCount < 2) {
    add('SL_ANALYZE_ONE_DUMP', 'one dump with goroutine ids: no confidence above `possible` for what stands still')
  } else if (context.motion.times === undefined) {
    add('SL_ANALYZE_NO_TIMES', 'the dumps have no times, or not in their order: no durations, shares are of goroutines')
  }
  for (const { source, dump } of dumps) {
    if (!dump.isTruncated) continue
    const missing = lost > 0 && source === dumps.at(-1)?.source ? `; ${lost} goroutines are missing` : ''
    add('SL_ANALYZE_DUMP_CUT', `the dump is cut after ${dump.goroutineCount} goroutines${missing}`, {
      at: { file: source },
    })
  }
  for (const group of context.table.groups) {
    const isUnknownWord = group.reason !== '' && group.waitClass === 'unknown' && group.kind === undefined
    if (!isUnknownWord) continue
    const at = group.rows.findIndex((rows) => rows.length > 0)
    const dated = dumps[at]
    const line = dated?.dump.lines[group.rows[at]?.[0] ?? 0]
    add('SL_ANALYZE_UNKNOWN_WAIT_REASON', `unknown wait reason "${group.reason.slice(0, 100)}"`, {
      count: Math.max(...group.counts),
      ...(dated === undefined ? {} : { at: { file: dated.source, ...(line === undefined ? {} : { line }) } }),
    })
  }
  if (context.dumpCount >= 2 && context.motion.byGroup.every(({ stayedLast }) => stayedLast === 0)) {
    const [a, b] = [context.table.rowOf[0], context.table.rowOf.at(-1)]
    const shared = a !== undefined && b !== undefined && [...b.keys()].some((id) => a.has(id))
    if (!shared) add('SL_ANALYZE_DUMPS_DIFFER', 'first and last dump share no goroutine id')
  }
  if (evidence.trace !== undefined && evidence.trace.activity === undefined) {
    add('SL_ANALYZE_TRACE_NOT_READ', 'the execution trace is kept and could not be read', {
      severity: 'info',
      at: { file: evidence.trace.source },
    })
  }
  return issues
}
