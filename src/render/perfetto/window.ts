/** What of an interval is shown, where an export is cut to a part of the trace. */

export type Window = { readonly fromNs: number; readonly toNs: number }

/** False where the interval touches no part of the window; one without length does at its edges. */
export function isWithin({ fromNs, toNs }: Window, startNs: number, endNs: number): boolean {
  return (
    endNs >= fromNs && startNs <= toNs && !(endNs === fromNs && startNs < fromNs) && !(startNs === toNs && endNs > toNs)
  )
}

export function clipTime({ fromNs, toNs }: Window, timeNs: number): number {
  return Math.min(Math.max(timeNs, fromNs), toNs)
}
