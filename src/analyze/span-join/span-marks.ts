/**
 * The marks that spans leave in an execution trace: what they look like, one row each.
 * Ids: the log lines of docs/span-join.md (`otel`: 32 + 16 hexadecimal digits, ` end` after them for the end), and those
 * of dd-trace-go (ddtrace/tracer/tracer.go: `datadog.uint64_span_id`, eight bytes, little-endian, in the span's task).
 * Tasks without ids: known by the function of the SDK that began or ended them.
 */

export type SpanMark =
  | { readonly kind: 'otel'; readonly traceId: string; readonly spanId: string; readonly isEnd: boolean }
  | { readonly kind: 'datadog'; readonly spanId: string }

export const OTEL_CATEGORY = 'otel'
export const DATADOG_CATEGORY = 'datadog.uint64_span_id'

const otelMessage = /^([0-9a-f]{32})[ :/-]?([0-9a-f]{16})([ :/-]?end)?$/
const NO_TRACE = '0'.repeat(32)
const NO_SPAN = '0'.repeat(16)

export function readSpanMark(category: string, message: string): SpanMark | undefined {
  if (category === OTEL_CATEGORY) {
    const [, traceId, spanId, end] = otelMessage.exec(message) ?? []
    if (traceId === undefined || spanId === undefined || traceId === NO_TRACE || spanId === NO_SPAN) return undefined
    return { kind: 'otel', traceId, spanId, isEnd: end !== undefined }
  }
  if (category !== DATADOG_CATEGORY) return undefined
  const spanId = readBytesId(message)
  return spanId === undefined ? undefined : { kind: 'datadog', spanId }
}

/** Eight bytes, little-endian. The reader gives bytes that are no UTF-8 one by one, as Latin-1. */
function readBytesId(message: string): string | undefined {
  const codes = Array.from(message, (character) => character.codePointAt(0) as number)
  const isLatin = codes.length === 8 && codes.every((code) => code < 256) && codes.some((code) => code > 127)
  const bytes = isLatin ? codes : codes.flatMap(encodeUtf8)
  if (bytes.length !== 8) return undefined
  const spanId = bytes
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .reverse()
    .join('')
  return spanId === NO_SPAN ? undefined : spanId
}

function encodeUtf8(code: number): number[] {
  if (code < 0x80) return [code]
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)]
  if (code < 0x10000) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]
  return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]
}

export type TracingSdk = 'otel' | 'datadog'

/** Functions (leaf first in a task's stack) by which an SDK begins and ends the task of a span. */
const sdkFunctions: readonly { readonly sdk: TracingSdk; readonly pattern: RegExp }[] = [
  { sdk: 'otel', pattern: /^go\.opentelemetry\.io\/otel\/sdk\/trace\.\(\*(?:recordingSpan|tracer)\)\./ },
  {
    sdk: 'datadog',
    pattern: /^(?:gopkg\.in\/DataDog\/dd-trace-go\.v\d+|github\.com\/DataDog\/dd-trace-go\/v\d+)\/ddtrace\/tracer\./,
  },
]
/** The SDK's own frames stand next to the leaf: runtime/trace, then it. */
const FRAMES_LOOKED_AT = 6

export function findTracingSdk(frames: readonly string[] | undefined): TracingSdk | undefined {
  for (const frame of frames?.slice(0, FRAMES_LOOKED_AT) ?? []) {
    const known = sdkFunctions.find(({ pattern }) => pattern.test(frame))
    if (known !== undefined) return known.sdk
  }
  return undefined
}
