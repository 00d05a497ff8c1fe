/**
 * The use case `diff`: two captures → what grew, what appeared, what went, whose verdict changed, and the two grades.
 * Groups are matched by reason, stack functions and creator, without lines, so that a rebuilt service can be compared.
 */
import type { ExitCode } from '../base/errors.ts'
import type { Capture } from '../model/capture.ts'
import type { Coverage, Finding } from '../model/contract.ts'
import type { DiagnoseData, DiffData, GoroutineGroup, GroupChange } from '../model/diagnosis.ts'
import { openIssueLog } from '../model/issue.ts'
import type { Report } from '../model/report.ts'
import { type DiagnoseCaptureOptions, diagnoseCapture } from './diagnose.ts'
import type { EvidenceDeps } from './read-evidence.ts'

export async function diffCaptures(
  deps: EvidenceDeps,
  before: Capture,
  after: Capture,
  options: DiagnoseCaptureOptions = {},
): Promise<Report<DiffData>> {
  const left = await diagnoseCapture(deps, before, options)
  const right = await diagnoseCapture(deps, after, options)
  const log = openIssueLog()
  log.addAll(left.issues)
  log.addAll(right.issues)
  const error = left.error ?? right.error
  const known = new Set(left.findings.map(({ fingerprint }) => fingerprint))
  const fresh: readonly Finding[] = right.findings.filter(({ fingerprint }) => !known.has(fingerprint))
  return {
    data: compareDiagnoses(left, right),
    findings: fresh,
    issues: log.list(),
    coverage: joinCoverage(left.coverage, right.coverage),
    ...(error === undefined ? {} : { error }),
    exitCode: pickExit(left, right),
  }
}

function pickExit(left: Report<unknown>, right: Report<unknown>): ExitCode {
  return left.exitCode !== 0 ? left.exitCode : right.exitCode
}

function joinCoverage(left: Coverage, right: Coverage): Coverage {
  return {
    asked: left.asked + right.asked,
    answered: left.answered + right.answered,
    missing: [...left.missing, ...right.missing],
  }
}

function compareDiagnoses(left: Report<DiagnoseData>, right: Report<DiagnoseData>): DiffData {
  const before = joinGroups(left.data.goroutines.groups)
  const after = joinGroups(right.data.goroutines.groups)
  const changes: GroupChange[] = []
  let unchangedGroups = 0
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const change = describeChange(before.get(key), after.get(key))
    if (change === undefined) unchangedGroups += 1
    else changes.push(change)
  }
  const old = new Set(left.findings.map(({ fingerprint }) => fingerprint))
  const now = new Set(right.findings.map(({ fingerprint }) => fingerprint))
  return {
    before: sideOf(left.data),
    after: sideOf(right.data),
    goroutines: { before: left.data.goroutines.count, after: right.data.goroutines.count },
    changes: changes.sort(compareChanges),
    unchangedGroups,
    verdict: { before: left.data.verdict, after: right.data.verdict },
    findings: {
      appeared: [...now].filter((one) => !old.has(one)).sort(),
      went: [...old].filter((one) => !now.has(one)).sort(),
      kept: [...now].filter((one) => old.has(one)).length,
    },
  }
}

type Side = { readonly group: GoroutineGroup; readonly count: number }

/** Groups of one report by key; those that differ in lines only are one here, named by their largest. */
function joinGroups(groups: readonly GoroutineGroup[]): ReadonlyMap<string, Side> {
  const sides = new Map<string, Side>()
  for (const group of groups) {
    const functions = group.stack.map((frame) => frame.function)
    const key = [group.waitReason ?? group.state, group.createdBy?.function ?? '', ...functions].join('\n')
    const known = sides.get(key)
    if (known === undefined) sides.set(key, { group, count: group.count })
    else {
      const largest = known.group.count >= group.count ? known.group : group
      sides.set(key, { group: largest, count: known.count + group.count })
    }
  }
  return sides
}

function describeChange(before: Side | undefined, after: Side | undefined): GroupChange | undefined {
  const { group } = (after ?? before) as Side
  const change = nameChange(before, after)
  if (change === undefined) return undefined
  return {
    change,
    userFunction: group.userFunction,
    topFunction: group.topFunction,
    state: group.state,
    ...(group.waitReason === undefined ? {} : { waitReason: group.waitReason }),
    ...(group.createdBy === undefined ? {} : { createdBy: group.createdBy.function }),
    ...(before === undefined ? {} : { before: summarise(before) }),
    ...(after === undefined ? {} : { after: summarise(after) }),
  }
}

function nameChange(before: Side | undefined, after: Side | undefined): GroupChange['change'] | undefined {
  if (before === undefined) return 'appeared'
  if (after === undefined) return 'went'
  if (after.count > before.count) return 'grew'
  if (after.count < before.count) return 'shrank'
  return before.group.verdict === after.group.verdict ? undefined : 'verdict'
}

function summarise({ group, count }: Side): { group: string; count: number; verdict: GoroutineGroup['verdict'] } {
  return { group: group.id, count, verdict: group.verdict }
}

function compareChanges(a: GroupChange, b: GroupChange): number {
  const size = (one: GroupChange) => Math.abs((one.after?.count ?? 0) - (one.before?.count ?? 0))
  const name = (one: GroupChange) =>
    `${one.userFunction}\n${one.waitReason ?? one.state}\n${one.createdBy ?? ''}\n${one.topFunction}`
  return size(b) - size(a) || (name(a) < name(b) ? -1 : 1)
}

function sideOf({ target, window }: DiagnoseData): DiffData['before'] {
  return { ...target, ...(window.startTime === undefined ? {} : { startTime: window.startTime }) }
}
