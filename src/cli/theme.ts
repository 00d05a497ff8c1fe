/** The terminal's colours: the meanings of render/theme.ts, painted by picocolors, or left plain. */
import picocolors from 'picocolors'
import { plainTheme, type Theme } from '../render/theme.ts'

export function makeTheme(hasColor: boolean): Theme {
  if (!hasColor) return plainTheme
  const { bold, dim, red, yellow, green, cyan } = picocolors.createColors(true)
  return { strong: bold, dim, bad: red, warn: yellow, good: green, note: cyan }
}
