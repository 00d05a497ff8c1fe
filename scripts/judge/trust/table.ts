/** The judge's table: a line per case, below it what was missed. */
import type { Outcome } from './judge-case.ts'

export const header = `${'class'.padEnd(28)} ${'rate'.padStart(6)} ${'demand'.padEnd(8)} ${'truth'.padStart(6)} ${'prec.'.padStart(6)} ${'recall'.padStart(6)}  verdict`

export function formatOutcome(outcome: Outcome, verbose: boolean): string {
  const { score } = outcome
  const rate = outcome.rate === undefined ? '' : `${outcome.rate * 100} %`
  const number = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(3)).padStart(6)
  const line = `${outcome.name.padEnd(28)} ${rate.padStart(6)} ${outcome.demand.padEnd(8)} ${String(score?.truth ?? '').padStart(6)} ${number(score?.precision)} ${number(score?.recall)}  ${outcome.passed ? 'ok' : 'MISS'}  (${outcome.variant}; ${outcome.seed}; ${outcome.spans} spans, ${(outcome.commandMs / 1000).toFixed(1)} s)`
  const details = outcome.passed
    ? []
    : [...outcome.why, ...(score?.wrong.slice(0, 6).map((text) => `wrong: ${text}`) ?? [])]
  if (verbose) details.push(...outcome.said.map((text) => `said: ${text}`))
  return [line, ...details.map((text) => `    ${text}`)].join('\n')
}
