/**
 * The wire types of every `--json` output and every reply under /api/v1: the envelope, findings, coverage.
 * Names and meanings do not change without a major version.
 * Unknown is absent, never 0, -1 or null (only `error` and nothing else may be null).
 */
import type { ErrorCode, Fault, JsonValue } from '../base/errors.ts'
import type { Issue } from './issue.ts'
import type { Lens } from './lens.ts'

/** Version of each document's shape: `sightline.<what>/v<n>`. */
export type SchemaName = `sightline.${string}/v${number}`

export type WireError = {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
  readonly retryable: boolean
  readonly target?: string
  readonly detail?: { readonly [key: string]: JsonValue | undefined }
  readonly cause?: WireError
}

/** What was asked for and what answered; `missing` names each thing that did not, and why. */
export type Coverage = {
  readonly asked: number
  readonly answered: number
  readonly missing: readonly CoverageGap[]
}

export type CoverageGap = {
  readonly what: string
  readonly why: string
  readonly code?: ErrorCode
  readonly target?: string
}

export type Envelope<T> = {
  readonly schema: SchemaName
  readonly ok: boolean
  readonly data: T
  readonly findings: readonly Finding[]
  readonly issues: readonly Issue[]
  readonly coverage: Coverage
  readonly error: WireError | null
}

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info'
export type Confidence = 'certain' | 'probable' | 'possible'

export const severities: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']
export const confidences: readonly Confidence[] = ['certain', 'probable', 'possible']

export type Subject = {
  readonly service: string
  readonly version?: string
  readonly instance?: string
}

/** Something a person can open: a file of the capture, the place in it, and the words that stand there. */
export type Evidence = {
  /** `source` is no lens of a running process: it is the code. */
  readonly lens: Lens | 'source'
  readonly source: string
  /** `line 118`, `offset 4096`, `sample 12`. */
  readonly at?: string
  readonly excerpt?: string
  /** Go source, for audit findings. */
  readonly file?: string
  readonly line?: number
  readonly column?: number
  /** As the runtime names it, `main.(*server).handle.func1`; for audit findings. */
  readonly function?: string
  /** Spans that begin at this place or below it, by name; `*` for what the source leaves open. */
  readonly starts?: readonly string[]
  /** Spans that are open around this place, and routes and methods by which it is reached. */
  readonly operations?: readonly string[]
}

export type Finding = {
  readonly rule: string
  readonly title: string
  readonly severity: Severity
  readonly confidence: Confidence
  readonly subject: Subject
  /** Never empty. */
  readonly evidence: readonly [Evidence, ...Evidence[]]
  readonly blindTo: readonly Lens[]
  readonly cost: { readonly goroutineSeconds?: number; readonly [key: string]: number | undefined }
  readonly fix: { readonly summary: string; readonly doc?: string }
  /** See fingerprint.ts: stable over runs, lines, ids, instances, versions and times. */
  readonly fingerprint: string
  /** Groups of the same report that it is about, by id: `g1`. */
  readonly groups?: readonly string[]
}

export const emptyCoverage: Coverage = { asked: 0, answered: 0, missing: [] }

export type EnvelopeParts<T> = {
  readonly data: T
  readonly findings?: readonly Finding[]
  readonly issues?: readonly Issue[]
  readonly coverage?: Coverage
  readonly error?: Fault
}

/** The one way an envelope is made; `ok` is false exactly where `error` is set. */
export function makeEnvelope<T>(schema: SchemaName, parts: EnvelopeParts<T>): Envelope<T> {
  return {
    schema,
    ok: parts.error === undefined,
    data: parts.data,
    findings: parts.findings ?? [],
    issues: parts.issues ?? [],
    coverage: parts.coverage ?? emptyCoverage,
    error: parts.error ?? null,
  }
}
