/**
 * Seeded chance for the generator: the same seed gives the same traces, byte for byte. sfc32, seeded by a string.
 * Latencies are log-normal by median and spread, waits exponential; ids are hex as OTLP JSON writes them.
 */

export type Random = {
  /** In [0, 1). */
  next(): number
  chance(probability: number): boolean
  /** An integer from 0 to below `bound`. */
  below(bound: number): number
  exponential(mean: number): number
  logNormal(median: number, sigma: number): number
  pick<T>(from: readonly T[]): T
  /** `bytes` random bytes in hex, never all zero. */
  hex(bytes: number): string
}

export function openRandom(seed: string): Random {
  let [a, b, c, d] = mixSeed(seed)
  const word = (): number => {
    const sum = (a + b + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return sum >>> 0
  }
  for (let i = 0; i < 20; i++) word()
  const next = (): number => (word() + (word() & 0xfffff) * 2 ** -20) * 2 ** -32
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return {
    next,
    chance: (probability) => next() < probability,
    below: (bound) => Math.floor(next() * bound),
    exponential: (mean) => -mean * Math.log(1 - next()),
    logNormal: (median, sigma) => median * Math.exp(sigma * normal()),
    pick: (from) => from[Math.floor(next() * from.length)] as (typeof from)[number],
    hex: (bytes) => {
      let text = ''
      for (let i = 0; i < bytes; i += 4) text += ((word() | (i === 0 ? 1 : 0)) >>> 0).toString(16).padStart(8, '0')
      return text
    },
  }
}

/** FNV-1a with four offsets. */
function mixSeed(seed: string): [number, number, number, number] {
  const words = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35].map((start) => {
    let hash = start
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193)
    return hash | 0
  })
  return words as [number, number, number, number]
}
