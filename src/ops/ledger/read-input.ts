/** A file that may be a report (`--json`) or a ledger → what it is. Bounded; every other file has a code. */
import { isLedgerText, parseLedger } from '../../analyze/ledger/ledger-text.ts'
import { readReport } from '../../analyze/ledger/report-run.ts'
import type { Run } from '../../analyze/ledger/run.ts'
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { type Ledger, MAX_LEDGER_BYTES } from '../../model/trust/ledger.ts'
import { type LedgerPlace, readText } from './ledger-file.ts'

/** Reports of very large services; a finding is some hundred bytes of it. */
const MAX_REPORT_BYTES = 256 * 1024 * 1024

export type GateFile = { readonly ledger: Ledger } | { readonly run: Run }

export async function readInputFile(place: LedgerPlace, service?: string): Promise<Result<GateFile>> {
  const text = await readText(place, MAX_REPORT_BYTES)
  if (!text.ok) return text
  if (isLedgerText(text.value)) {
    if (text.value.length > MAX_LEDGER_BYTES) return err(fault('SL_OPS_LEDGER_LARGE', { target: place.name }))
    const ledger = parseLedger(text.value, { name: place.name })
    return ledger.ok ? ok({ ledger: ledger.value }) : ledger
  }
  const run = readRun(text.value, place.name, service)
  return run.ok ? ok({ run: run.value }) : run
}

function readRun(text: string, name: string, service: string | undefined): Result<Run> {
  const refuse = (why: string) =>
    err(fault('SL_OPS_NOT_A_REPORT', { message: `${name} is no report of Sightline: ${why}`, target: name }))
  if (text.trim() === '') return refuse('it is empty')
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return refuse('it is not JSON, or was cut')
  }
  return readReport(value, { name, ...(service === undefined ? {} : { service }) })
}
