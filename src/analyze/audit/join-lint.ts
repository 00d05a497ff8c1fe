/**
 * Remarks of other linters beside our own findings: where one says the same thing of the same line, it is further
 * evidence and the finding becomes probable; where ours have nothing, a remark of a class that we know becomes a finding
 * at possible, in the linter's words. Remarks of no class of ours are counted and left. Paths meet by their end: tools
 * write them from other roots.
 */
import type { Evidence, Finding } from '../../model/contract.ts'
import { makeFingerprint } from '../../model/fingerprint.ts'
import type { LintRemark } from '../../model/trust/lint-report.ts'
import { linterRules } from './ignore-comments.ts'
import { auditRules } from './registry.ts'

/** Rules of gosec, by id. Source: its README. */
const gosecRules: Readonly<Record<string, readonly string[]>> = {
  G118: ['goroutine-without-context', 'background-context', 'lost-cancel'],
}

export type JoinedLint = {
  readonly findings: readonly Finding[]
  /** Remarks that met a finding; that became one; of no class, or of a file that was not read. */
  readonly joined: number
  readonly added: number
  readonly left: number
}

export function joinLint(
  findings: readonly Finding[],
  remarks: readonly LintRemark[],
  { service, doc }: { readonly service: string; readonly doc: string },
): JoinedLint {
  const byLine = Map.groupBy(
    findings.map((finding, index) => ({ finding, index })),
    ({ finding }) => `${baseOf(finding.evidence[0]?.file ?? '')}:${finding.evidence[0]?.line ?? 0}`,
  )
  const more = new Map<number, Evidence[]>()
  const added = new Map<string, Finding>()
  let joined = 0
  let left = 0
  for (const remark of remarks) {
    const rules = rulesOf(remark)
    if (rules.length === 0) {
      left++
      continue
    }
    const evidence: Evidence = {
      lens: 'source',
      source: `${remark.tool}: ${remark.rule}`,
      at: `line ${remark.line}`,
      excerpt: remark.message.slice(0, 500),
      file: remark.file,
      line: remark.line,
      ...(remark.column === undefined ? {} : { column: remark.column }),
    }
    const met = (byLine.get(`${baseOf(remark.file)}:${remark.line}`) ?? []).filter(
      ({ finding }) => rules.includes(finding.rule) && isSameFile(finding.evidence[0]?.file ?? '', remark.file),
    )
    if (met.length > 0) {
      joined++
      for (const { index } of met) more.set(index, [...(more.get(index) ?? []), evidence])
      continue
    }
    const finding = makeFinding(remark, rules[0] as string, evidence, { service, doc })
    added.set(`${remark.file}:${remark.line}:${finding.rule}`, finding)
  }
  const kept = findings.map((finding, index): Finding => {
    const evidence = more.get(index)
    if (evidence === undefined) return finding
    const confidence = finding.confidence === 'possible' ? 'probable' : finding.confidence
    return { ...finding, confidence, evidence: [...finding.evidence, ...evidence] }
  })
  return { findings: [...kept, ...added.values()], joined, added: added.size, left }
}

/** golangci-lint names the linter; its SARIF and gosec's own put it in the rule, perhaps with more behind it. */
function rulesOf({ rule }: LintRemark): readonly string[] {
  const gosec = /^G\d{3}/.exec(rule)?.[0]
  if (gosec !== undefined) return gosecRules[gosec] ?? []
  return linterRules[rule] ?? linterRules[rule.split(/[/:]/)[0] ?? ''] ?? []
}

function makeFinding(
  { tool, rule: theirs, message, file }: LintRemark,
  rule: string,
  evidence: Evidence,
  { service, doc }: { readonly service: string; readonly doc: string },
): Finding {
  const own = auditRules.find(({ id }) => id === rule)
  return {
    rule,
    title: `${tool} (${theirs}): ${message.slice(0, 300)}`,
    severity: own?.severity ?? 'low',
    confidence: 'possible',
    subject: { service },
    evidence: [evidence],
    blindTo: [],
    cost: {},
    fix: { summary: own?.fix ?? '', doc: `${doc}#${rule}` },
    fingerprint: makeFingerprint({ rule, service, symbols: [`${tool}:${theirs}:${file}`] }),
  }
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function isSameFile(ours: string, theirs: string): boolean {
  return ours === theirs || theirs.endsWith(`/${ours}`) || ours.endsWith(`/${theirs}`)
}
