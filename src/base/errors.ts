/**
 * The error catalogue: one table of codes for the whole product, and the Fault that carries one.
 * Enters: the code tables of the rooms (`codes/*.ts`). Leaves: `ErrorCode`, `Fault`, `fault()`.
 * Codes are `SL_<ROOM>_<WHAT>`, never renamed or reused; docs/errors.md is generated from here.
 * Does not format for people (render) and knows nothing of HTTP beyond the status in the table.
 */
import { analyzeCodes } from './codes/analyze.ts'
import { cliCodes } from './codes/cli.ts'
import type { CodeRow } from './codes/code-row.ts'
import { collectCodes } from './codes/collect.ts'
import { decodeCodes } from './codes/decode.ts'
import { ledgerCodes } from './codes/ledger.ts'
import { opsCodes } from './codes/ops.ts'

export type { CodeRow, ExitCode } from './codes/code-row.ts'

const catalogue = {
  ...cliCodes,
  ...decodeCodes,
  ...analyzeCodes,
  ...collectCodes,
  ...opsCodes,
  ...ledgerCodes,
}

export type ErrorCode = keyof typeof catalogue

/** Every code with its row, for `errors list|explain`, docs and exit codes. */
export const errorCatalogue: Readonly<Record<ErrorCode, CodeRow>> = catalogue

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

/** A failure as a value. `message` says what failed here; `hint` what to do (the catalogue's unless given). */
export type Fault = {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
  readonly retryable: boolean
  /** The address, file or instance that the fault is about. */
  readonly target?: string
  readonly detail?: { readonly [key: string]: JsonValue | undefined }
  readonly cause?: Fault
}

export type FaultInput = {
  readonly message?: string
  readonly hint?: string
  readonly target?: string
  readonly detail?: { readonly [key: string]: JsonValue | undefined }
  readonly cause?: Fault
}

/** A fault of this code; what is not given comes from the catalogue. */
export function fault(code: ErrorCode, input: FaultInput = {}): Fault {
  const row = errorCatalogue[code]
  return {
    code,
    message: input.message ?? row.summary,
    hint: input.hint ?? row.hint,
    retryable: row.retryable,
    ...(input.target === undefined ? {} : { target: input.target }),
    ...(input.detail === undefined ? {} : { detail: input.detail }),
    ...(input.cause === undefined ? {} : { cause: input.cause }),
  }
}
