/**
 * Metric samples as they were exposed: Prometheus text and OpenMetrics families, and expvar documents.
 * Values stay as printed numbers (NaN and infinities are legal); timestamps in unix ns where given.
 */
import type { JsonValue } from '../base/errors.ts'

export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown'

export type Exemplar = {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly timeNs?: bigint
}

export type MetricSample = {
  /** Full name with suffix: `http_requests_total`, `x_bucket`. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly timeNs?: bigint
  readonly exemplar?: Exemplar
}

export type MetricFamily = {
  readonly name: string
  readonly type: MetricType
  readonly help?: string
  readonly unit?: string
  readonly samples: readonly MetricSample[]
}

/** `/debug/vars`: a JSON object; `memstats` and `cmdline` are always there in Go's own. */
export type ExpvarDocument = {
  readonly vars: { readonly [name: string]: JsonValue | undefined }
}

/** What `runtime/debug.ReadBuildInfo` knows, from a binary, a build-info text or as far as a live target tells. */
export type BuildInfo = {
  readonly goVersion?: string
  /** Package path of main. */
  readonly path?: string
  readonly mainModule?: ModuleVersion
  readonly dependencies: readonly ModuleVersion[]
  readonly settings: Readonly<Record<string, string>>
}

export type ModuleVersion = {
  readonly path: string
  readonly version?: string
  readonly sum?: string
  readonly replacedBy?: ModuleVersion
}
