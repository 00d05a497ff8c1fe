/**
 * Several propagators over one set of headers, in the order a service has them: as Go's composite does, each runs on
 * what the one before left, so the last that finds a context wins. Where two find contexts of different traces, the
 * order decides which trace goes on: that is said, not settled.
 */
import { extractB3 } from './b3.ts'
import {
  compareTraceIds,
  type Extraction,
  firstOf,
  type HeaderFields,
  type PropagatedContext,
  type PropagatorName,
  propagatorNames,
} from './context.ts'
import { extractDatadog } from './datadog.ts'
import { extractJaeger } from './jaeger.ts'
import { extractOtTrace } from './ot-trace.ts'
import { extractTraceContext } from './trace-context.ts'
import { extractXray } from './xray.ts'

const EXTRACTORS: Readonly<Record<PropagatorName, (headers: HeaderFields) => Extraction>> = {
  tracecontext: (headers) => extractTraceContext(headers),
  b3: extractB3,
  jaeger: extractJaeger,
  xray: extractXray,
  ottrace: extractOtTrace,
  datadog: extractDatadog,
}

/** One propagator by its name. */
export function extractWith(name: PropagatorName, headers: HeaderFields): Extraction {
  return EXTRACTORS[name](headers)
}

export type Disagreement = {
  readonly winner: PropagatorName
  readonly other: PropagatorName
  /** `truncated`: the same trace, but one of them lost its upper 64 bits. `span`: one trace, different parents. */
  readonly about: 'trace' | 'truncated' | 'span' | 'sampling'
}

export type CompositeExtraction = {
  /** What the service goes on with; absent: it starts a trace of its own. */
  readonly context?: PropagatedContext
  /** All contexts found, in the order of the propagators. */
  readonly contexts: readonly PropagatedContext[]
  readonly malformed: readonly { readonly format: PropagatorName; readonly why: string }[]
  readonly disagreements: readonly Disagreement[]
  /** There is baggage, and no context that any of these propagators reads. */
  readonly isBaggageOnly: boolean
}

/** `order`: as the service composes them; all, where not known. */
export function extractComposite(
  headers: HeaderFields,
  order: readonly PropagatorName[] = propagatorNames,
): CompositeExtraction {
  const contexts: PropagatedContext[] = []
  const broken: { format: PropagatorName; why: string }[] = []
  for (const name of order) {
    const extraction = extractWith(name, headers)
    if (extraction.kind === 'context') contexts.push(extraction.context)
    else if (extraction.kind === 'malformed') broken.push({ format: extraction.format, why: extraction.why })
  }
  const context = contexts.at(-1)
  return {
    ...(context === undefined ? {} : { context }),
    contexts,
    malformed: broken,
    disagreements: context === undefined ? [] : contexts.slice(0, -1).flatMap((other) => compare(context, other)),
    isBaggageOnly: context === undefined && firstOf(headers, 'baggage') !== '',
  }
}

function compare(winner: PropagatedContext, other: PropagatedContext): Disagreement[] {
  const between = (about: Disagreement['about']) => [{ winner: winner.format, other: other.format, about }]
  const traces = compareTraceIds(winner.traceId, other.traceId)
  if (traces === 'different') return between('trace')
  if (traces === 'truncated') return between('truncated')
  if (winner.spanId !== other.spanId) return between('span')
  const isDecided = winner.isSampled !== undefined && other.isSampled !== undefined
  return isDecided && winner.isSampled !== other.isSampled ? between('sampling') : []
}
