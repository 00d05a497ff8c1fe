/** The moment of the event at hand, and the window that is counted. */
export let now: f64 = 0
export let fromNs: f64 = 0
export let toNs: f64 = Infinity

export function setNow(ns: f64): void {
  now = ns
}

export function setWindow(from: f64, to: f64): void {
  fromNs = from
  toNs = to
}

/** Length of an interval within the window; 0 where it runs backwards. */
export function clip(from: f64, to: f64): f64 {
  const begin = from > fromNs ? from : fromNs
  const end = to < toNs ? to : toNs
  return end > begin ? end - begin : 0
}
