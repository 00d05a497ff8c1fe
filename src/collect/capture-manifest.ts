/**
 * `manifest.json` from bytes: its schema's version first, then the fields that reading depends on.
 * A manifest of a newer major version is refused (its meaning may have changed); unknown fields of this one are kept.
 */
import { fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import { CAPTURE_SCHEMA, type CaptureFileKind, type CaptureManifest } from '../model/capture.ts'

/** Codes: SL_COLLECT_MANIFEST_DAMAGED, SL_COLLECT_CAPTURE_NEWER. */
export function parseManifest(bytes: Uint8Array, origin: string): Result<CaptureManifest> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return damaged(origin, 'it is not JSON')
  }
  if (!isRecord(value)) return damaged(origin, 'it is not an object')
  const schema = /^sightline\.capture\/v(\d{1,6})$/.exec(typeof value.schema === 'string' ? value.schema : '')
  if (schema === null) return damaged(origin, 'it has no schema of a capture')
  const own = Number(/\d+$/.exec(CAPTURE_SCHEMA)?.[0])
  if (Number(schema[1]) > own) {
    const message = `The capture has schema ${schema[0]}; this sightline reads up to ${CAPTURE_SCHEMA}`
    return err(fault('SL_COLLECT_CAPTURE_NEWER', { message, target: origin }))
  }
  const wrong = findWrong(value)
  return wrong === undefined ? ok(value as CaptureManifest) : damaged(origin, wrong)
}

function findWrong(value: Record<string, unknown>): string | undefined {
  if (!isRecord(value.target)) return 'it names no target'
  if (typeof value.startTime !== 'string' || typeof value.endTime !== 'string') return 'it has no times'
  if (!Array.isArray(value.requests) || !value.requests.every(isRequest)) return 'its requests cannot be read'
  if (!Array.isArray(value.lenses) || !value.lenses.every(isObservation)) return 'its lenses cannot be read'
  if (!Array.isArray(value.redacted) || !value.redacted.every((item) => typeof item === 'string'))
    return 'its redactions cannot be read'
  return typeof value.interrupted === 'boolean' ? undefined : 'it does not say whether it was interrupted'
}

function isRequest(value: unknown): boolean {
  return (
    isRecord(value) &&
    ['kind', 'request', 'startTime', 'endTime', 'status'].every((name) => typeof value[name] === 'string') &&
    (value.file === undefined || typeof value.file === 'string') &&
    (value.sizeBytes === undefined || typeof value.sizeBytes === 'number') &&
    (value.span === undefined || isRecord(value.span))
  )
}

function isObservation(value: unknown): boolean {
  return isRecord(value) && ['lens', 'state', 'because'].every((name) => typeof value[name] === 'string')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** File names of a capture, for files that no request of the manifest names. */
const NAMES: readonly { readonly name: RegExp; readonly kind: CaptureFileKind }[] = [
  { name: /^goroutine\.\d+\.txt$/, kind: 'goroutine-dump' },
  { name: /^goroutine(\.\d+)?\.pb\.gz$/, kind: 'goroutine-profile' },
  { name: /^goroutineleak\.pb\.gz$/, kind: 'goroutineleak-profile' },
  { name: /^goroutineleak\.txt$/, kind: 'goroutineleak-dump' },
  { name: /^block\.pb\.gz$/, kind: 'block-profile' },
  { name: /^mutex\.pb\.gz$/, kind: 'mutex-profile' },
  { name: /^cpu\.pb\.gz$/, kind: 'cpu-profile' },
  { name: /^heap\.pb\.gz$/, kind: 'heap-profile' },
  { name: /^allocs\.pb\.gz$/, kind: 'allocs-profile' },
  { name: /^threadcreate\.pb\.gz$/, kind: 'threadcreate-profile' },
  { name: /^trace\.bin$/, kind: 'execution-trace' },
  { name: /^vars\.json$/, kind: 'expvar' },
  { name: /^metrics\.txt$/, kind: 'metrics-text' },
  { name: /^cmdline\.txt$/, kind: 'cmdline' },
  { name: /^buildinfo\.json$/, kind: 'build-info' },
  { name: /^spans\.otlp\.json$/, kind: 'spans' },
  { name: /^logs\.ndjson$/, kind: 'logs' },
]

export function kindOfName(name: string): CaptureFileKind | undefined {
  return NAMES.find((row) => row.name.test(name))?.kind
}

function damaged(origin: string, why: string): Result<never> {
  return err(
    fault('SL_COLLECT_MANIFEST_DAMAGED', {
      message: `The manifest of the capture cannot be read: ${why}`,
      target: origin,
    }),
  )
}
