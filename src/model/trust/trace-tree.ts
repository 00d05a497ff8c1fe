/** One trace as it is, for `trust --trace ID`: its spans in the order of a tree, and what is broken at each. */
import type { SpanKind } from '../spans.ts'
import type { BreakClass } from './break-classes.ts'
import type { BreakState } from './trust-data.ts'

export type TreeMark =
  /** Its parent is not among the spans. */
  | { readonly kind: 'orphan'; readonly parentId: string; readonly place: 'local' | 'remote' | 'unknown' }
  | { readonly kind: 'duplicate-id' }
  /** It lies outside its parent: `before` and `after` by so much. `skewNs`: what the clocks of the two hosts differ by. */
  | { readonly kind: 'outside-parent'; readonly beforeNs: number; readonly afterNs: number; readonly skewNs?: number }
  | { readonly kind: 'link'; readonly traceId: string }
  /** Of a root that should have a parent: the call that holds it in time, and how many others do as well. */
  | {
      readonly kind: 'other-half'
      readonly traceId: string
      readonly spanId: string
      readonly service: string
      readonly name: string
      readonly others: number
    }
  | {
      readonly kind: 'break'
      readonly state: BreakState
      readonly class?: BreakClass
      readonly alternatives: readonly BreakClass[]
      readonly why: string
    }

export type TreeSpan = {
  /** 0 for roots and orphans. */
  readonly depth: number
  readonly spanId: string
  readonly service: string
  readonly host?: string
  readonly kind: SpanKind
  readonly name: string
  /** Since the trace's first span began, by its own host's clock. */
  readonly startNs: number
  readonly durationNs: number
  readonly isError: boolean
  readonly marks: readonly TreeMark[]
}

export type TraceTree = {
  readonly traceId: string
  readonly startTime: string
  readonly durationNs: number
  readonly spanCount: number
  /** Pre-order, siblings by start; at most 2,000. */
  readonly spans: readonly TreeSpan[]
  readonly omitted: number
}
