/** Reads values out of JSON that anybody may have written: what is not of the kind asked for is undefined, never thrown. */
import { formatUnixNs, parseUnixNs } from '../../base/units.ts'

export type JsonRecord = { readonly [key: string]: unknown }

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function recordOf(value: unknown): JsonRecord {
  return isRecord(value) ? value : {}
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Longer texts than anybody reads are cut. */
export function textOf(value: unknown, most = 2000): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, most) : undefined
}

/** A finite number from 0 on. */
export function amountOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

export function oneOf<T extends string>(value: unknown, all: readonly T[]): T | undefined {
  return all.find((one) => one === value)
}

/** RFC 3339 in any zone, or a day → UTC with nine digits, so that order of text is order of time. */
export function timeOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const ns = parseUnixNs(/^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value)
  return ns === undefined ? undefined : formatUnixNs(ns)
}

/** `2026-12-31`, a day that is in the calendar. */
export function dayOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return undefined
  const millis = Date.parse(`${value}T00:00:00Z`)
  return Number.isNaN(millis) || new Date(millis).toISOString().slice(0, 10) !== value ? undefined : value
}

/** Copies only what is there. */
export function present<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
