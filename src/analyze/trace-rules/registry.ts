/** Every rule over execution traces, in the order of the report. A new rule is a file and a line here. */
import { type Confidence, confidences, type Finding, type Subject } from '../../model/contract.ts'
import type { RuleInfo } from '../../model/diagnosis.ts'
import { makeFingerprint } from '../../model/fingerprint.ts'
import type { TraceMeta } from '../../model/trace.ts'
import type { TraceAccount } from '../../model/trace-account.ts'
import type { TraceFrame } from '../../model/trace-activity.ts'
import { findUserDepth } from '../groups/primitives.ts'
import { findTraceWaitKind } from '../lenses/visibility.ts'
import { compareFindings, MAX_FINDINGS_PER_RULE } from '../rules/compare-findings.ts'
import { kindOfSite } from '../traced/site-kinds.ts'
import { gcAssistHigh, gcStopOverSla, gcTakesProcessors } from './gc-rules.ts'
import { goroutineChurn } from './goroutine-churn.ts'
import { lockContention } from './lock-contention.ts'
import { schedulerDelay } from './scheduler-delay.ts'
import { slowSyscalls } from './slow-syscalls.ts'
import { traceIncomplete } from './trace-incomplete.ts'
import type { SiteView, TraceFindingDraft, TraceRule, TraceRuleInput } from './trace-rule.ts'
import { blindWaitsDominate, networkWaitsDominate, unknownReasonWaits } from './wait-rules.ts'

export const traceRules: readonly TraceRule[] = [
  schedulerDelay,
  gcStopOverSla,
  gcAssistHigh,
  gcTakesProcessors,
  lockContention,
  networkWaitsDominate,
  blindWaitsDominate,
  unknownReasonWaits,
  slowSyscalls,
  goroutineChurn,
  traceIncomplete,
]

const DEFAULT_GC_SLA_NS = 10e6

export type TraceFindingsInput = {
  readonly account: TraceAccount
  readonly meta: TraceMeta
  readonly source: string
  readonly subject: Subject
  framesOf(stack: number): readonly TraceFrame[]
  readonly goVersion?: string
  /** Goroutines whose unknown reason a dump tells. */
  readonly told?: ReadonlySet<number>
  readonly gcSlaNs?: number
  /** Whether findings that other rules already gave say the same: by rule, the functions they are about. */
  readonly isSaid?: (rules: readonly string[], symbols: readonly string[]) => boolean
}

export type TraceFindings = { readonly findings: readonly Finding[]; readonly omitted: number }

export function findInTrace(input: TraceFindingsInput): TraceFindings {
  const { account, meta, source, subject } = input
  const given: TraceRuleInput = {
    account,
    meta,
    source,
    windowNs: Math.max(0, account.endNs - account.startNs),
    sites: viewSites(input),
    framesOf: input.framesOf,
    told: input.told ?? new Set(),
    gcSlaNs: input.gcSlaNs ?? DEFAULT_GC_SLA_NS,
  }
  let omitted = 0
  const findings = traceRules.flatMap((rule) => {
    const drafts = rule.find(given).filter(({ symbols }) => input.isSaid?.(rule.sameAs, symbols) !== true)
    omitted += Math.max(0, drafts.length - MAX_FINDINGS_PER_RULE)
    const isDoubtful = !meta.complete && rule.isAboutDoubt !== true
    const all = drafts.map((draft) => finish(rule, draft, subject, isDoubtful))
    return all.sort(compareFindings).slice(0, MAX_FINDINGS_PER_RULE)
  })
  return { findings: findings.sort(compareFindings), omitted }
}

function viewSites({ account, framesOf, goVersion }: TraceFindingsInput): readonly SiteView[] {
  return account.sites.flatMap((site): SiteView[] => {
    if (site.isSystem) return []
    const frames = framesOf(site.stack)
    const functions = frames.map((frame) => frame.function)
    const is = kindOfSite(site, functions)
    if (is.kind === 'probe') return []
    const kind = findTraceWaitKind({
      state: site.state,
      reason: site.state === 'Waiting' ? site.reason : '',
      frames: functions,
      ...(site.waitClass === 'coroutine' ? { from: 'Running' } : {}),
      ...(goVersion === undefined ? {} : { goVersion }),
    })
    const userFunction = functions[findUserDepth(functions) ?? 0] ?? site.startFunction
    return [{ site, frames, functions, userFunction, is, ...(kind === undefined ? {} : { kind }) }]
  })
}

function finish(rule: TraceRule, draft: TraceFindingDraft, subject: Subject, isDoubtful: boolean): Finding {
  return {
    rule: rule.id,
    title: draft.title,
    severity: draft.severity,
    confidence: isDoubtful ? lower(draft.confidence) : draft.confidence,
    subject,
    evidence: draft.evidence,
    blindTo: draft.blindTo,
    cost: draft.ns === undefined ? {} : { goroutineSeconds: Math.round(draft.ns / 1e6) / 1e3 },
    fix: { summary: draft.fix ?? rule.fix, doc: rule.doc },
    fingerprint: makeFingerprint({
      rule: rule.id,
      service: subject.service,
      symbols: draft.symbols.filter((symbol) => symbol !== ''),
    }),
  }
}

function lower(confidence: Confidence): Confidence {
  return confidences[confidences.indexOf(confidence) + 1] ?? 'possible'
}

export function listTraceRuleInfo(): readonly RuleInfo[] {
  return traceRules.map(({ id, title, severity, needs, saysWhen, fix, doc }) => ({
    id,
    title,
    severity,
    needs,
    saysWhen,
    fix,
    doc,
  }))
}
