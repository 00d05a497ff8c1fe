/** Flags of `ledger` and `gate`: their texts as values, and where the ledger is. */
import { resolve } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { formatUnixNs, parseUnixNs } from '../base/units.ts'
import { type Confidence, confidences } from '../model/contract.ts'
import { parseGateBudgets } from '../ops/ledger/gate.ts'
import { DEFAULT_LEDGER, type LedgerPlace } from '../ops/ledger/ledger-file.ts'
import type { CommandContext } from './context.ts'

/** A time, a day, or `now`; as UTC with nine digits. */
export function readTime(text: string): string {
  if (text === 'now') return text
  const ns = parseUnixNs(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text)
  if (ns === undefined)
    throw new InvalidArgumentError('Give a time like 2026-11-22T10:00:00Z, a day like 2026-11-22, or now.')
  return formatUnixNs(ns)
}

/** The last day of a waiver. */
export function readDay(text: string): string {
  const millis = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(millis) || new Date(millis).toISOString().slice(0, 10) !== text) {
    throw new InvalidArgumentError('Give a day like 2026-12-31.')
  }
  return text
}

export function readReason(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') throw new InvalidArgumentError('It is empty.')
  if (trimmed.length > 500) throw new InvalidArgumentError('Say it in at most 500 characters.')
  return trimmed
}

export function readBudget(text: string, previous: readonly string[] | undefined): readonly string[] {
  const budgets = parseGateBudgets([text])
  if (!budgets.ok) throw new InvalidArgumentError(budgets.error.message)
  return [...(previous ?? []), text]
}

/** `cart=services/cart` */
export function readServicePath(text: string, previous: readonly string[] | undefined): readonly string[] {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('Give it as service=folder: cart=services/cart.')
  return [...(previous ?? []), text]
}

export function readConfidence(text: string): Confidence {
  const confidence = confidences.find((one) => one === text)
  if (confidence === undefined) throw new InvalidArgumentError(`Give one of: ${confidences.join(', ')}.`)
  return confidence
}

export function placeFile({ io }: CommandContext, name: string): LedgerPlace {
  return { name, path: name === '-' ? name : resolve(io.cwd, name) }
}

export function placeLedger(context: CommandContext, name: string | undefined): LedgerPlace {
  return placeFile(context, name ?? DEFAULT_LEDGER)
}

/** To the second: what people do has no finer time. */
export function tellTime({ deps }: CommandContext, asked: string | undefined): string {
  if (asked !== undefined && asked !== 'now') return asked
  const now = deps.clock.nowUnixNs()
  return formatUnixNs(now - (now % 1_000_000_000n))
}
