/**
 * Budgets: `high=0`, `class:no-extract=0`, `service:cart:high=1`, `debt=1000` → what may be at most. A severity counts
 * that one and worse, as --fail-on does; a rule or service without one everything but info.
 */
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { type Severity, severities } from '../../model/contract.ts'
import { breakClasses, UNEXPLAINED_BREAK } from '../../model/trust/break-classes.ts'
import type { Budget } from '../../model/trust/gate.ts'

/** What is asked where nobody asks for anything. */
export const defaultBudgets: readonly string[] = ['high=0']

/** Several may stand in one text, with commas between them; of one key the last counts. Fault: SL_OPS_GATE_POLICY. */
export function parseBudgets(texts: readonly string[]): Result<readonly Budget[]> {
  const budgets = new Map<string, Budget>()
  for (const text of texts.flatMap((one) => one.split(','))) {
    const trimmed = text.trim()
    if (trimmed === '') continue
    const at = trimmed.lastIndexOf('=')
    const key = trimmed.slice(0, at).trim()
    const most = trimmed.slice(at + 1).trim()
    if (at < 1 || !/^\d+(\.\d+)?$/.test(most)) return refuse(trimmed, 'it needs a key and a number: high=0')
    const budget = parseKey(key)
    if (budget === undefined) return refuse(trimmed, `there is no budget for ${key}`)
    if (budget.isDebt === undefined && !/^\d+$/.test(most))
      return refuse(trimmed, 'findings are counted in whole numbers')
    budgets.set(key, { ...budget, key, most: Number(most) })
  }
  return ok([...budgets.values()])
}

function parseKey(key: string): Omit<Budget, 'key' | 'most'> | undefined {
  if (key === 'debt') return { isDebt: true }
  const severity = severities.find((one) => one === key)
  if (severity !== undefined) return { severity }
  const [, kind, rest] = /^(class|rule|service):(.+)$/.exec(key) ?? []
  if (kind === undefined || rest === undefined) return undefined
  // A service may have colons in its name (an address): only a last word that is a severity is one.
  const last = severities.find((one) => rest.endsWith(`:${one}`))
  const name = last === undefined ? rest : rest.slice(0, -last.length - 1)
  if (name === '') return undefined
  // A class is one of few, and one that does not exist would never be exceeded.
  if (kind === 'class' && name !== UNEXPLAINED_BREAK && !breakClasses.some((one) => one.name === name)) return undefined
  return {
    ...(kind === 'service' ? { service: name } : { rule: name }),
    ...(last === undefined ? {} : { severity: last }),
  }
}

type Counted = { readonly severity: Severity; readonly rule: string; readonly service: string; readonly debt?: number }

/** Of all findings those that a budget is about. */
export function selectFor<T extends Counted>(budget: Budget, findings: readonly T[]): readonly T[] {
  const worst = severities.indexOf(budget.severity ?? (budget.isDebt === true ? 'info' : 'low'))
  return findings.filter(
    (one) =>
      severities.indexOf(one.severity) <= worst &&
      (budget.rule === undefined || budget.rule === one.rule) &&
      (budget.service === undefined || budget.service === one.service) &&
      (budget.isDebt === undefined || one.debt !== undefined),
  )
}

function refuse(text: string, why: string) {
  const budget = text.slice(0, 200)
  return err(fault('SL_OPS_GATE_POLICY', { message: `The budget '${budget}' cannot be used: ${why}` }))
}
