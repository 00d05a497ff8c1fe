/**
 * Colour as functions that are handed in: renderers name a meaning, the caller decides how it looks.
 * `plainTheme` leaves text as it is: for pipes, files, NO_COLOR and tests.
 */
import type { Severity } from '../model/contract.ts'
import type { Grade, GroupVerdict } from '../model/diagnosis.ts'
import type { LensState } from '../model/lens.ts'

export type Paint = (text: string) => string

export type Theme = {
  readonly strong: Paint
  readonly dim: Paint
  readonly bad: Paint
  readonly warn: Paint
  readonly good: Paint
  readonly note: Paint
}

const same: Paint = (text) => text

export const plainTheme: Theme = { strong: same, dim: same, bad: same, warn: same, good: same, note: same }

type Tone = keyof Theme

const gradeTones: Readonly<Record<Grade, Tone>> = { inconclusive: 'warn', blind: 'bad', partial: 'warn', clear: 'good' }
const severityTones: Readonly<Record<Severity, Tone>> = {
  critical: 'bad',
  high: 'bad',
  medium: 'warn',
  low: 'note',
  info: 'dim',
}
const verdictTones: Readonly<Record<GroupVerdict, Tone>> = {
  leaked: 'bad',
  stuck: 'bad',
  slow: 'warn',
  busy: 'note',
  unknown: 'note',
  idle: 'dim',
}
const stateTones: Readonly<Record<LensState, Tone>> = { on: 'good', off: 'bad', unknown: 'warn', absent: 'dim' }

export function toneOfGrade(grade: Grade): Tone {
  return gradeTones[grade]
}
export function toneOfSeverity(severity: Severity): Tone {
  return severityTones[severity]
}
export function toneOfVerdict(verdict: GroupVerdict): Tone {
  return verdictTones[verdict]
}
export function toneOfState(state: LensState): Tone {
  return stateTones[state]
}
