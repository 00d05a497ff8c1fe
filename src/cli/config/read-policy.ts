/**
 * The gate's policy file (`--policy FILE`): budgets, baseline and the least confidence, as YAML 1.2 by its core schema.
 *   budgets: {high: 0, medium: 5, 'class:no-extract': 0}
 *   baseline: .sightline/ledger.json
 * A name that is not known is an error with its place: a budget misspelt would be no budget.
 */
import { dirname, resolve } from 'node:path'
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { type Confidence, confidences } from '../../model/contract.ts'
import { escapeControls } from '../../render/text.ts'
import { readSmallText } from '../read-small-file.ts'

export type Policy = {
  /** As flags have them: `high=0`. */
  readonly budgets: readonly string[]
  /** Beside the policy, wherever the program is started. */
  readonly baseline?: string
  readonly minConfidence?: Confidence
}

/** Fault: SL_OPS_GATE_POLICY with the place. */
export function readPolicy(cwd: string, name: string): Result<Policy> {
  const path = resolve(cwd, name)
  const text = readSmallText(path)
  if (!text.ok) return err(refuse(name, `it cannot be read: ${text.error.why}`))
  const lines = new LineCounter()
  const document = parseDocument(text.value, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    version: '1.2',
    schema: 'core',
  })
  const placeOf = (node: unknown) => {
    const offset = (node as { range?: readonly number[] | null } | null)?.range?.[0] ?? 0
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  const [error] = document.errors
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0])
    return err(refuse(`${name}:${line}:${col}`, `not YAML: ${error.message.replace(/: ".*$/s, '')}`))
  }
  const root = document.contents
  if (!isMap(root)) return err(refuse(name, "a policy is written as 'budgets: {high: 0}'"))
  let policy: Policy = { budgets: [] }
  for (const { key, value } of root.items) {
    const word = isScalar(key) ? String(key.value) : ''
    if (word === 'budgets') {
      const budgets = readBudgets(value)
      if (budgets === undefined)
        return err(refuse(placeOf(value), 'budgets are written as high: 0, or as a list of high=0'))
      policy = { ...policy, budgets }
    } else if (word === 'baseline' && isScalar(value) && typeof value.value === 'string') {
      policy = { ...policy, baseline: resolve(dirname(path), value.value) }
    } else if (word === 'minConfidence') {
      const minConfidence = confidences.find((one) => isScalar(value) && value.value === one)
      if (minConfidence === undefined) return err(refuse(placeOf(value), `give one of: ${confidences.join(', ')}`))
      policy = { ...policy, minConfidence }
    } else {
      const why = `a policy has budgets, baseline (a path) and minConfidence, not ${escapeControls(word.slice(0, 80))}`
      return err(refuse(placeOf(key), why))
    }
  }
  return ok(policy)
}

function readBudgets(node: Node | unknown): readonly string[] | undefined {
  if (isMap(node)) {
    const texts = node.items.map(({ key, value }) =>
      isScalar(key) && isScalar(value) && typeof value.value === 'number' ? `${key.value}=${value.value}` : undefined,
    )
    return texts.some((one) => one === undefined) ? undefined : texts.flatMap((one) => one ?? [])
  }
  if (!isSeq(node)) return undefined
  const texts = node.items.map((item) => (isScalar(item) && typeof item.value === 'string' ? item.value : undefined))
  return texts.some((one) => one === undefined) ? undefined : texts.flatMap((one) => one ?? [])
}

function refuse(at: string, why: string): Fault {
  return fault('SL_OPS_GATE_POLICY', { message: `${at}: ${why}` })
}
