/**
 * The target's clock against ours, from answers that carry the target's time: the Date header (whole seconds, RFC 9110)
 * and the time in a profile (ns, taken when it was written). Each narrows an interval; two that exclude each other
 * (a clock that was set meanwhile, a proxy's own Date) leave no answer rather than a wrong one.
 */

export type ClockSample = {
  /** Our clock when the request left and when its answer had come. Unix ms. */
  readonly sentMs: number
  readonly receivedMs: number
  /** The target's clock at some moment between them: in [serverMs, serverMs + resolutionMs). */
  readonly serverMs: number
  readonly resolutionMs: number
}

/** Target minus collector. Undefined without samples, or when they contradict each other. */
export function estimateClockOffset(
  samples: readonly ClockSample[],
): { readonly offsetNs: number; readonly uncertaintyNs: number } | undefined {
  let low = Number.NEGATIVE_INFINITY
  let high = Number.POSITIVE_INFINITY
  for (const sample of samples) {
    low = Math.max(low, sample.serverMs - sample.receivedMs)
    high = Math.min(high, sample.serverMs + sample.resolutionMs - sample.sentMs)
  }
  if (!Number.isFinite(low) || !Number.isFinite(high) || low > high) return undefined
  return { offsetNs: Math.round(((low + high) / 2) * 1e6), uncertaintyNs: Math.round(((high - low) / 2) * 1e6) }
}
