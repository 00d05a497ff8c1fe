/**
 * The lenses: sources of telemetry with a known field of view, and the state each can be in.
 * The table of what each lens sees is data of `analyze/lenses`; here are only the names.
 */

export const lenses = [
  'cpu',
  'block',
  'mutex',
  'heap',
  'goroutine',
  'goroutineleak',
  'trace',
  'spans',
  'metrics',
  'logs',
] as const
export type Lens = (typeof lenses)[number]

/** on: records. off: exists, does not record. unknown: cannot be told. absent: this target has no such lens. */
export type LensState = 'on' | 'off' | 'unknown' | 'absent'

export type LensStates = Readonly<Record<Lens, LensState>>

export const profileLenses = ['cpu', 'block', 'mutex'] as const satisfies readonly Lens[]

export function isLens(name: string): name is Lens {
  return (lenses as readonly string[]).includes(name)
}
