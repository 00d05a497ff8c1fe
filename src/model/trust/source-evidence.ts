/**
 * What an audit of the source says, as far as it helps to judge spans: findings of break classes with their place, their
 * function as the runtime names it, and the operations they have to do with; and which services run that source.
 * Names of operations may begin or end with `*`: what the source does not spell out.
 */
import type { BreakClass } from './break-classes.ts'

export type SourceEvidence = {
  readonly class: BreakClass
  /** Services that run this code, as far as it is known; never empty. */
  readonly services: readonly string[]
  /** As `code.function.name` has it: `main.(*server).handle.func1`. */
  readonly function?: string
  readonly file: string
  readonly line: number
  readonly column?: number
  readonly excerpt?: string
  /** What the audit says. */
  readonly title?: string
  /** Spans that the code at this place starts, itself or by what it calls. */
  readonly starts: readonly string[]
  /** Spans that are open around it, and routes and methods it is reached by. */
  readonly operations: readonly string[]
  /** Names of all spans that this source starts: what is among them, and not in `starts`, is started elsewhere. */
  readonly known: ReadonlySet<string>
}

/** How a break and a place in the source were brought together, surest first. */
export const sourceTies = ['function', 'span', 'log line', 'route', 'process'] as const
export type SourceTie = (typeof sourceTies)[number]

/** A place in the source that explains a break. */
export type SourcePlace = {
  readonly file: string
  readonly line: number
  readonly column?: number
  readonly function?: string
  readonly excerpt?: string
  /** `function`: code.function.name of the spans; `span`: a span's name; `route`; `log line`: its text;
   *  `process`: a fault of the whole process. */
  readonly tie: SourceTie
  /** What the two have in common: the function, the span's name, the route, the service. */
  readonly by: string
}
