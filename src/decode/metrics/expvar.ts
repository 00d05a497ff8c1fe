/**
 * `/debug/vars`: the JSON object that Go's expvar serves, `cmdline` and `memstats` first of all.
 * Enters: bytes. Leaves: the document as it is, with a doubt where integers are past what a double holds.
 * Source: expvar.go of the Go tree. Does not interpret the variables of strangers.
 */
import { fault, type JsonValue } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { type Decoded, openIssueLog } from '../../model/issue.ts'
import type { ExpvarDocument } from '../../model/metrics.ts'
import { DEFAULT_JSON_LIMITS, type JsonLimits, parseJsonText } from '../json-text.ts'

/** Go's handler prints `{`, a newline, then the variables sorted by name, `cmdline` among them. */
export function detectExpvar(head: Uint8Array): 'certain' | 'possible' | undefined {
  const text = new TextDecoder().decode(head.subarray(0, 65_536))
  if (!/^\s*\{/.test(text)) return undefined
  if (/^\{\n"[^"\n]+": /.test(text)) return 'certain'
  return /"memstats"\s*:\s*\{/.test(text) || /"cmdline"\s*:\s*\[/.test(text) ? 'possible' : undefined
}

export function decodeExpvar(
  bytes: Uint8Array,
  limits: JsonLimits = DEFAULT_JSON_LIMITS,
): Result<Decoded<ExpvarDocument>> {
  const parsed = parseJsonText(bytes, limits)
  if (!parsed.ok) return parsed
  const { value, inexactIntegers } = parsed.value
  if (!isObject(value)) {
    return err(fault('SL_DECODE_MALFORMED', { message: 'The expvar document is not an object', detail: { offset: 0 } }))
  }
  const issues = openIssueLog()
  if (inexactIntegers > 0) {
    issues.add('SL_DECODE_MALFORMED', 'integers past 2^53 are rounded', { severity: 'info', count: inexactIntegers })
  }
  return ok({ value: { vars: value }, issues: issues.list() })
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
