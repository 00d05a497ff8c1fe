/**
 * What spans and logs may take of memory, whatever the input says. A limit that is reached is never silent: what is
 * beyond it is left out, counted, and said in an issue that names the limit.
 */

export type SpanLimits = {
  /** Spans (or log records) kept; a span takes about 70 bytes besides its lists. */
  readonly maxSpans?: number
  /** Attributes of all spans together, 8 bytes each; links 12, events 12. */
  readonly maxAttributes?: number
  readonly maxLinks?: number
  readonly maxEvents?: number
  readonly maxResources?: number
  /** Distinct traces, those that only links name too. */
  readonly maxTraces?: number
  /** Distinct texts (names, keys, values) in bytes of UTF-8; a further text is left empty. */
  readonly maxStringBytes?: number
  /** One text; the rest of a longer one is cut off. */
  readonly maxValueBytes?: number
  /** One span, resource or log record as it stands in the input; a larger one is passed over. */
  readonly maxRecordBytes?: number
  /** Brackets in brackets. */
  readonly maxDepth?: number
}

export type FullSpanLimits = Required<SpanLimits>

const defaultSpanLimits: FullSpanLimits = {
  maxSpans: 10_000_000,
  maxAttributes: 100_000_000,
  maxLinks: 20_000_000,
  maxEvents: 20_000_000,
  maxResources: 100_000,
  maxTraces: 10_000_000,
  maxStringBytes: 256 * 1024 ** 2,
  maxValueBytes: 4096,
  maxRecordBytes: 16 * 1024 ** 2,
  maxDepth: 200,
}

export function fillSpanLimits(limits: SpanLimits = {}): FullSpanLimits {
  return { ...defaultSpanLimits, ...limits }
}
