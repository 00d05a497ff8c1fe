/**
 * Quantiles of durations in bounded memory: counts in buckets whose width is 1/16 of their power of two.
 * A quantile is the middle of its bucket, so it is within 1/32 (3.2 %) of the true one; the longest is exact.
 * Sketches of one book add up. Durations are whole ns; below 16 ns buckets are exact.
 */
const SUB_BUCKETS = 16
/** Powers of two from 2^4 to 2^53, each in 16 parts, after 16 exact buckets. */
export const SKETCH_BUCKETS = SUB_BUCKETS + 50 * SUB_BUCKETS

/** Bound of a quantile's relative error. */
export const SKETCH_ERROR_RATIO = 1 / 32

export class SketchBook {
  count = 0
  private pages: Uint32Array[] = []
  private readonly maxSketches: number

  constructor(maxSketches = 4096) {
    this.maxSketches = maxSketches
  }

  /** A new sketch, or -1 when the book is full. */
  open(): number {
    if (this.count >= this.maxSketches) return -1
    this.pages.push(new Uint32Array(SKETCH_BUCKETS))
    return this.count++
  }

  add(sketch: number, durationNs: number): void {
    if (sketch < 0) return
    const page = this.pages[sketch] as Uint32Array
    const bucket = bucketOf(durationNs)
    page[bucket] = (page[bucket] as number) + 1
  }

  /** Counts by bucket. */
  pageOf(sketch: number): Uint32Array {
    return this.pages[sketch] ?? new Uint32Array(SKETCH_BUCKETS)
  }

  readQuantiles(sketches: readonly number[], quantiles: readonly number[]): number[] | undefined {
    const pages = sketches.map((sketch) => this.pages[sketch])
    if (pages.some((page) => page === undefined)) return undefined
    return readQuantiles(pages as Uint32Array[], quantiles)
  }
}

/** Quantiles (0..1, ascending) of what all pages hold together; undefined where they hold nothing. */
export function readQuantiles(pages: readonly Uint32Array[], quantiles: readonly number[]): number[] | undefined {
  const sum = new Float64Array(SKETCH_BUCKETS)
  let total = 0
  for (const page of pages) {
    for (let bucket = 0; bucket < SKETCH_BUCKETS; bucket++) {
      const count = page[bucket] as number
      if (count === 0) continue
      sum[bucket] = (sum[bucket] as number) + count
      total += count
    }
  }
  if (total === 0) return undefined
  const values: number[] = []
  let bucket = 0
  let seen = sum[0] as number
  for (const quantile of quantiles) {
    const rank = Math.max(1, Math.ceil(quantile * total))
    while (seen < rank) seen += sum[++bucket] as number
    values.push(middleOf(bucket))
  }
  return values
}

function bucketOf(durationNs: number): number {
  if (durationNs < 4294967296) {
    const whole = durationNs >>> 0
    if (whole < SUB_BUCKETS) return whole
    const power = 31 - Math.clz32(whole)
    return (power - 3) * SUB_BUCKETS + ((whole >>> (power - 4)) & 15)
  }
  const high = Math.min(durationNs / 65536, 4294967295) >>> 0
  const power = 31 - Math.clz32(high)
  return Math.min((power + 13) * SUB_BUCKETS + ((high >>> (power - 4)) & 15), SKETCH_BUCKETS - 1)
}

function middleOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket
  const power = Math.floor(bucket / SUB_BUCKETS) + 3
  const width = 2 ** (power - 4)
  return (SUB_BUCKETS + (bucket % SUB_BUCKETS)) * width + (width > 1 ? width / 2 : 0)
}
