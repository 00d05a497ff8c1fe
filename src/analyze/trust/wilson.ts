/**
 * Wilson's score interval of a rate: honest for few observations and for rates near 0 and 1, where count/total ± a
 * margin is not. Source: E. B. Wilson, JASA 22 (1927), p. 209.
 */

/** 95 %, two-sided. */
const Z = 1.959963984540054

/** [0, 1] when nothing was observed. */
export function wilsonInterval(count: number, total: number, z: number = Z): readonly [number, number] {
  if (total <= 0) return [0, 1]
  const rate = count / total
  const square = (z * z) / total
  const middle = rate + square / 2
  const margin = z * Math.sqrt((rate * (1 - rate)) / total + square / (4 * total))
  const scale = 1 + square
  // At the ends the formula gives exactly 0 and 1, but for rounding.
  const least = count <= 0 ? 0 : Math.max(0, (middle - margin) / scale)
  return [least, count >= total ? 1 : Math.min(1, (middle + margin) / scale)]
}
