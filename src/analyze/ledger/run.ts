/** One run of a command, as the ledger and the gate take it: what it found, what it looked at and with what. */
import type { ExitCode } from '../../base/errors.ts'
import type { DebtMeasure, DebtNeeds, DebtPlace, DebtSubject } from '../../model/trust/ledger.ts'

export type RunFinding = DebtSubject & {
  readonly fingerprint: string
  readonly measure: DebtMeasure
  readonly needs: DebtNeeds
  readonly fix?: string
}

/** One subject that a run looked at. */
export type RunLook = {
  /** Absent: all services of `directory`. */
  readonly service?: string
  readonly directory?: string
  /** Lenses that were on; absent where the command has but one. */
  readonly lenses?: readonly string[]
  readonly tier?: 'a' | 'b'
  readonly traces?: number
  /** Traces by edge, `from\nto`. */
  readonly edges?: ReadonlyMap<string, number>
  /** Places (placeKey) where a break is pending or its cause not settled: what was there may be there still. */
  readonly unsettled?: ReadonlySet<string>
  readonly at?: string
  /** Why what is absent here is not paid. */
  readonly paysNothing?: string
}

export type Run = {
  readonly source: string
  readonly at?: string
  readonly findings: readonly RunFinding[]
  readonly looks: readonly RunLook[]
  /** Why it cannot be judged: no data, inconclusive, insufficient. */
  readonly inconclusive: readonly string[]
  readonly error?: { readonly code: string; readonly message: string; readonly exitCode: ExitCode }
}

/** Edge and operation, whatever the cause of a break there. */
export function placeKey({ edge, operation }: DebtPlace): string {
  return [edge?.from ?? '', edge?.to ?? '', operation ?? ''].join('\n')
}
