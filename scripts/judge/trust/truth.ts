/**
 * What was really broken, told by the injectors as it happens: one item for each break that left a mark in the exported
 * spans or logs. `operations` are the names under which a reader of the spans can meet it (either side of an edge).
 */

export type TruthItem = {
  /** May be told, need not be: a reader of the spans can hardly know it. */
  readonly optional?: boolean
  /** Where one thing is broken by many requests (a stored context): what is polluted. */
  readonly holder?: string
  readonly request: number
  /** Services at which it may rightly be told. */
  readonly services: readonly string[]
  readonly edge?: { readonly from: string; readonly to: string }
  readonly operations: readonly string[]
}

export type Truth = {
  readonly items: TruthItem[]
  tell(item: TruthItem): void
}

export function openTruth(): Truth {
  const items: TruthItem[] = []
  return { items, tell: (item) => items.push(item) }
}
