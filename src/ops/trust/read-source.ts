/**
 * Source as evidence for `trust`: directories are audited, reports of an earlier `audit --json` are read. Enters: what
 * `--source` and `--audit` gave, in order; a directory that is given for several services is audited once. Leaves: one
 * AuditedSource each, with what the audit could not read. Which services run it is told later, by the spans.
 */
import { readFile, stat } from 'node:fs/promises'
import type { AuditedSource } from '../../analyze/trust-source/source-services.ts'
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { Envelope } from '../../model/contract.ts'
import type { Issue } from '../../model/issue.ts'
import type { ProgressSink } from '../../model/report.ts'
import type { AuditData } from '../../model/trust/audit-data.ts'
import { auditDirectory } from '../audit/audit.ts'
import type { AuditDeps } from '../audit/audit-input.ts'

const MAX_REPORT_BYTES = 256 * 1024 * 1024
const AUDIT_SCHEMA = 'sightline.audit/v1'

export type SourceInput = {
  readonly kind: 'directory' | 'report'
  /** Whole path. */
  readonly path: string
  /** As it was given, for people. */
  readonly name: string
  readonly service?: string
}

export type ReadSource = AuditedSource & { readonly kind: SourceInput['kind']; readonly tier: 'a' | 'b' }

export type ReadSources = { readonly sources: readonly ReadSource[]; readonly issues: readonly Issue[] }

type Options = { readonly progress?: ProgressSink; readonly signal?: AbortSignal }

/** Codes: those of an audit, SL_COLLECT_NO_INPUT, SL_COLLECT_FILE_TOO_LARGE, SL_OPS_NOT_AN_AUDIT. */
export async function readSources(
  deps: AuditDeps,
  inputs: readonly SourceInput[],
  options: Options = {},
): Promise<Result<ReadSources>> {
  const sources: ReadSource[] = []
  const issues: Issue[] = []
  for (const [path, given] of Map.groupBy(inputs, (input) => `${input.kind} ${input.path}`)) {
    const [input] = given
    if (input === undefined) continue
    const read = path.startsWith('directory ') ? await auditSource(deps, input, options) : await readReport(input)
    if (!read.ok) return err({ ...read.error, target: read.error.target ?? input.name })
    const services = given.flatMap(({ service }) => (service === undefined ? [] : [service]))
    issues.push(...read.value.issues)
    sources.push({ ...read.value.source, ...(services.length === 0 ? {} : { services: [...new Set(services)] }) })
  }
  return ok({ sources, issues })
}

type Read = { readonly source: ReadSource; readonly issues: readonly Issue[] }

async function auditSource(deps: AuditDeps, { path, name }: SourceInput, options: Options): Promise<Result<Read>> {
  const audited = await auditDirectory(deps, { root: path, name, ...options })
  if (!audited.ok) return audited
  const { data, findings, issues } = audited.value
  return ok({ source: toSource('directory', name, data, findings), issues })
}

async function readReport({ path, name }: SourceInput): Promise<Result<Read>> {
  const size = await stat(path).then(
    (one) => (one.isFile() ? one.size : undefined),
    () => undefined,
  )
  if (size === undefined) return err(fault('SL_COLLECT_NO_INPUT', { target: name }))
  if (size > MAX_REPORT_BYTES) return err(fault('SL_COLLECT_FILE_TOO_LARGE', { target: name }))
  const value = parseJson(await readFile(path, 'utf8').catch(() => ''))
  if (!isAudit(value)) {
    const schema = (value as { schema?: unknown } | undefined)?.schema
    const message =
      typeof schema === 'string' ? `${name} is ${schema.slice(0, 60)}, no audit` : `${name} is no report of an audit`
    return err(fault('SL_OPS_NOT_AN_AUDIT', { message, target: name }))
  }
  return ok({ source: toSource('report', value.data.directory, value.data, value.findings), issues: [] })
}

function isAudit(value: unknown): value is Envelope<AuditData> {
  const one = value as Partial<Envelope<Partial<AuditData>>> | null | undefined
  return (
    typeof one === 'object' &&
    one?.schema === AUDIT_SCHEMA &&
    one.ok === true &&
    Array.isArray(one.findings) &&
    one.findings.every((finding) => typeof finding?.rule === 'string' && finding.evidence?.[0] !== undefined) &&
    typeof one.data?.directory === 'string'
  )
}

function toSource(
  kind: SourceInput['kind'],
  name: string,
  data: AuditData,
  findings: AuditedSource['findings'],
): ReadSource {
  return {
    kind,
    name,
    tier: data.tier,
    findings,
    // A report of an older version has neither.
    programs: data.programs ?? [],
    spanNames: data.spanNames ?? [],
    modules: (data.modules ?? []).map(({ path }) => path),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
