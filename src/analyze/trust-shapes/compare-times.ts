/**
 * Whether one set of times is larger than another, beyond chance: the share of pairs in which it is (0.5: alike), and how
 * many standard errors that is from alike (Mann and Whitney's test). It asks for no scale: neither a clock's granularity
 * nor the load of a machine, which stretches all times, makes a difference by itself.
 */
import { at } from '../trust/trust-facts.ts'

/** Standard errors beyond which chance is left out of account. */
const SURE = 3

export type Comparison = { readonly share: number; readonly errors: number }

/** How far `left` is above `right`. */
export function compareTimes(left: readonly number[], right: readonly number[]): Comparison {
  if (left.length === 0 || right.length === 0) return { share: 0.5, errors: 0 }
  const sorted = Float64Array.from(right).sort()
  let wins = 0
  for (const value of left) wins += (countBelow(sorted, value) + countUpTo(sorted, value)) / 2
  const pairs = left.length * right.length
  const share = wins / pairs
  return { share, errors: (share - 0.5) / Math.sqrt((left.length + right.length + 1) / (12 * pairs)) }
}

/** At least this share of the pairs, and no chance. */
export function isAbove({ share, errors }: Comparison, least: number): boolean {
  return share >= least && errors >= SURE
}

function countBelow(sorted: Float64Array, value: number): number {
  return search(sorted, (one) => one < value)
}

function countUpTo(sorted: Float64Array, value: number): number {
  return search(sorted, (one) => one <= value)
}

function search(sorted: Float64Array, holds: (value: number) => boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(at(sorted, middle))) low = middle + 1
    else high = middle
  }
  return low
}
