/**
 * The door of `analyze`: the evidence of one target → groups → motion → verdicts → blind spots → findings → grade.
 * Pure and deterministic: the same evidence gives the same bytes of JSON, on any machine. Reads no file, no clock.
 * `without` withholds lenses as if they had not been taken; for goroutineleak the marks in dumps go with it.
 */
import type { Finding } from '../model/contract.ts'
import type { DiagnoseData } from '../model/diagnosis.ts'
import type { EvidenceSet } from '../model/evidence.ts'
import { type Issue, openIssueLog } from '../model/issue.ts'
import type { Lens } from '../model/lens.ts'
import { listBlindSpots } from './blind/blind-spots.ts'
import { indexEndedWaits } from './blind/ended-waits.ts'
import { measureExposure } from './blind/exposure.ts'
import { gradeVerdict } from './blind/grade.ts'
import { readLensStates, reportLenses } from './blind/lens-states.ts'
import { reportCpu } from './cpu/cpu-report.ts'
import { readStackBytes } from './cpu/stack-memory.ts'
import { listDoubts } from './doubts.ts'
import { buildGroups } from './groups/build-groups.ts'
import { standInForDumps } from './groups/profile-dump.ts'
import { measureMotion } from './groups/stability.ts'
import { gatherProof, noProof } from './leak/proof.ts'
import { orderGroups, reportGroup } from './report-groups.ts'
import { compareFindings } from './rules/compare-findings.ts'
import { type AppliedRules, applyRules, subjectOf } from './rules/registry.ts'
import { findInTrace } from './trace-rules/registry.ts'
import { joinGroups } from './traced/join-groups.ts'
import { measureTrace } from './traced/measure-trace.ts'
import { tellReasons } from './traced/tell-reasons.ts'
import { describeMeasured } from './traced/traced-verdict.ts'
import { judgeGroups, openContext } from './verdict/judge.ts'
import type { Judgement, VerdictContext } from './verdict/judgement.ts'

export type DiagnoseOptions = { readonly without?: readonly Lens[] }

export type Diagnosis = {
  readonly data: DiagnoseData
  readonly findings: readonly Finding[]
  readonly issues: readonly Issue[]
  /** 2 when inconclusive, else 0. */
  readonly exitCode: 0 | 2
}

export function diagnoseEvidence(given: EvidenceSet, options: DiagnoseOptions = {}): Diagnosis {
  const without = new Set(options.without ?? [])
  const { evidence, from: standIn } = standInForDumps(withhold(given, without))
  const proof = without.has('goroutineleak') ? noProof : gatherProof(evidence)
  const goVersion = evidence.target.goVersion
  const table = buildGroups({
    dumps: evidence.dumps,
    provenIds: proof.ids,
    ...(goVersion === undefined ? {} : { goVersion }),
  })
  const motion = measureMotion(table, evidence.trace?.activity)
  const context = openContext(table, motion, proof, indexEndedWaits(evidence.profiles))
  const judgements = judgeGroups(context)
  const book = readLensStates(evidence, without, proof.ids.size)
  const cpu = reportCpu(evidence.profiles)
  const exposures = measureExposure(context, judgements, book, cpu)
  const order = orderGroups(context, judgements, exposures)
  const lost = countLost(evidence)
  const hasTrace = evidence.trace?.activity !== undefined
  const reading = evidence.trace?.reading
  const join = reading === undefined ? undefined : joinGroups(reading, evidence.dumps.at(-1)?.source ?? '')
  const measured =
    reading === undefined || join === undefined
      ? undefined
      : measureTrace({
          reading,
          join,
          context,
          judgements,
          book,
          ...(goVersion === undefined ? {} : { goVersion }),
        })
  const graded = gradeVerdict({
    context,
    judgements,
    exposures,
    book,
    lost,
    hasTrace,
    ...(measured === undefined ? {} : { measured }),
    ...(evidence.dumpsLeftOut === undefined ? {} : { dumpsLeftOut: evidence.dumpsLeftOut }),
  })
  const verdict =
    measured === undefined
      ? graded
      : { ...graded, traced: describeMeasured(measured, evidence.trace?.source ?? '', order.idOf) }
  const ofDumps = applyRules({
    evidence,
    context,
    judgements,
    exposures,
    book,
    verdict,
    lost,
    idOf: order.idOf,
  })
  const { findings, omitted } = addTraceFindings(evidence, context, ofDumps)
  const log = openIssueLog()
  log.addAll(evidence.issues)
  log.addAll(listDoubts(evidence, context, lost, standIn))
  if (omitted > 0) {
    log.add('SL_ANALYZE_FINDINGS_OMITTED', 'findings beyond the limit per rule were left out', {
      severity: 'info',
      count: omitted,
    })
  }
  const systemCount = table.groups.reduce((sum, group) => sum + (group.isSystem ? (group.counts.at(-1) ?? 0) : 0), 0)
  const stackBytes = readStackBytes(evidence)
  const { window } = evidence
  const durationNs = window.durationNs ?? motion.spanNs
  return {
    data: {
      target: evidence.target,
      window: {
        ...(window.startTime === undefined ? {} : { startTime: window.startTime }),
        ...(window.endTime === undefined ? {} : { endTime: window.endTime }),
        ...(durationNs === undefined ? {} : { durationNs }),
        dumps: evidence.dumps.length,
        ...(motion.spanNs === undefined ? {} : { dumpSpanNs: motion.spanNs }),
      },
      lenses: reportLenses(book),
      goroutines: {
        count: (evidence.dumps.at(-1)?.dump.goroutineCount ?? 0) - systemCount,
        ...(systemCount === 0 ? {} : { systemCount }),
        ...(stackBytes === undefined ? {} : { stackBytes }),
        groups: order.ordered.map((group) =>
          reportGroup(context, judgements[group.index] as Judgement, book, group, order, join?.timesOf(group)),
        ),
      },
      cpu,
      blindSpots: listBlindSpots(context, exposures, book, order.idOf, measured),
      verdict,
    },
    findings,
    issues: log.list(),
    exitCode: verdict.grade === 'inconclusive' ? 2 : 0,
  }
}

/** With those of the trace, less what the rules over dumps have said of the same functions. */
function addTraceFindings(evidence: EvidenceSet, context: VerdictContext, ofDumps: AppliedRules): AppliedRules {
  const reading = evidence.trace?.reading
  if (reading === undefined) return ofDumps
  const { account, meta, framesOf } = reading
  const { goVersion } = evidence.target
  const { told } = tellReasons(account.unknownWaits.rows, framesOf, context.table.dumps, {
    ...(reading.startNs === undefined ? {} : { startNs: reading.startNs }),
    ...(reading.endNs === undefined ? {} : { endNs: reading.endNs }),
  })
  const ofTrace = findInTrace({
    account,
    meta,
    source: evidence.trace?.source ?? '',
    subject: subjectOf(evidence.target),
    framesOf,
    told: new Set(told.map(({ goroutine }) => goroutine)),
    ...(goVersion === undefined ? {} : { goVersion }),
    isSaid: (rules, symbols) =>
      rules.some((rule) => {
        const said = ofDumps.symbols.get(rule)
        return said !== undefined && (said.size === 0 || symbols.some((symbol) => said.has(symbol)))
      }),
  })
  return {
    ...ofDumps,
    findings: [...ofDumps.findings, ...ofTrace.findings].sort(compareFindings),
    omitted: ofDumps.omitted + ofTrace.omitted,
  }
}

/** The evidence as if these lenses had not been taken. */
function withhold(evidence: EvidenceSet, without: ReadonlySet<Lens>): EvidenceSet {
  if (without.size === 0) return evidence
  const { leakDumps, trace, vars, metrics, ...rest } = evidence
  return {
    ...rest,
    dumps: without.has('goroutine') ? [] : evidence.dumps,
    profiles: evidence.profiles.filter(({ kind }) => {
      const lens = kind === 'allocs' ? 'heap' : kind
      return !(without as ReadonlySet<string>).has(lens)
    }),
    ...(leakDumps === undefined || without.has('goroutineleak') ? {} : { leakDumps }),
    ...(trace === undefined || without.has('trace') ? {} : { trace }),
    ...(vars === undefined || without.has('metrics') ? {} : { vars }),
    ...(metrics === undefined || without.has('metrics') ? {} : { metrics }),
  }
}

/** Goroutines of the profile (debug=0) that a cut last dump does not have. */
function countLost(evidence: EvidenceSet): number {
  const last = evidence.dumps.at(-1)?.dump
  if (last === undefined || !last.isTruncated) return 0
  const profile = evidence.profiles.find(({ kind }) => kind === 'goroutine')?.profile
  if (profile === undefined) return 0
  const width = profile.sampleTypes.length
  let total = 0
  for (let sample = 0; sample < profile.sampleCount; sample++) total += Number(profile.values[sample * width] ?? 0n)
  return Math.max(0, total - last.goroutineCount)
}
