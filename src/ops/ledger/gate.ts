/**
 * The use case `gate`: files (reports of any command, ledgers), budgets, a baseline → a verdict with its exit code.
 * A file that cannot be read is an error of the gate; what a file cannot answer makes it inconclusive, never a pass.
 */
import { defaultBudgets, parseBudgets } from '../../analyze/ledger/budgets.ts'
import { type GateSource, judgeGate } from '../../analyze/ledger/judge-gate.ts'
import { type ExitCode, errorCatalogue, type Fault, fault } from '../../base/errors.ts'
import type { Result } from '../../base/result.ts'
import type { Confidence, CoverageGap } from '../../model/contract.ts'
import type { Issue } from '../../model/issue.ts'
import type { Report } from '../../model/report.ts'
import type { Budget, GateData } from '../../model/trust/gate.ts'
import type { Ledger } from '../../model/trust/ledger.ts'
import { type LedgerPlace, readLedger } from './ledger-file.ts'
import { readInputFile } from './read-input.ts'

export type GateInputs = {
  readonly files: readonly LedgerPlace[]
  readonly budgets: readonly Budget[]
  readonly baseline?: LedgerPlace
  /** Where the waivers stand. `isAsked`: it must be there. */
  readonly waivers?: LedgerPlace & { readonly isAsked: boolean }
  readonly asOf: string
  readonly minConfidence?: Confidence
}

/** What is asked where nobody asks for anything. */
export const defaultGateBudgets = defaultBudgets

/** Fault: SL_OPS_GATE_POLICY. */
export function parseGateBudgets(texts: readonly string[]): Result<readonly Budget[]> {
  return parseBudgets(texts)
}

export async function runGate(input: GateInputs): Promise<Report<GateData>> {
  const sources: GateSource[] = []
  for (const place of input.files) sources.push(await readSource(place))
  const baseline = input.baseline === undefined ? undefined : await readSource(input.baseline)
  const waivers = await readWaivers(input.waivers)
  if ('file' in waivers) sources.push(waivers)
  const { data, exitCode } = judgeGate(sources, {
    asOf: input.asOf,
    budgets: input.budgets,
    ...(baseline === undefined ? {} : { baseline }),
    ...('ledger' in waivers && waivers.ledger !== undefined ? { waivers: waivers.ledger } : {}),
    ...(input.minConfidence === undefined ? {} : { minConfidence: input.minConfidence }),
  })
  const all = baseline === undefined ? sources : [...sources, baseline]
  const gaps = all.flatMap((source) => gapsOf(source))
  return {
    data,
    findings: [],
    issues: listDoubts(data),
    coverage: { asked: all.length, answered: all.length - gaps.length, missing: gaps },
    ...(data.verdict === 'error' ? { error: pickError(all, exitCode) } : {}),
    exitCode,
  }
}

async function readSource(place: LedgerPlace): Promise<GateSource> {
  const read = await readInputFile(place)
  return read.ok ? { file: place.name, ...read.value } : { file: place.name, error: toError(read.error) }
}

async function readWaivers(
  place: GateInputs['waivers'],
): Promise<{ readonly ledger?: Ledger } | Extract<GateSource, { error: unknown }>> {
  if (place === undefined) return {}
  const read = await readLedger(place)
  if (!read.ok) return { file: place.name, error: toError(read.error) }
  if (read.value !== undefined) return { ledger: read.value }
  if (!place.isAsked) return {}
  return { file: place.name, error: toError(fault('SL_OPS_LEDGER_MISSING', { target: place.name })) }
}

function toError({ code, message }: Fault): { code: string; message: string; exitCode: ExitCode } {
  return { code, message, exitCode: errorCatalogue[code].exitCode }
}

function errorOf(source: GateSource) {
  return 'error' in source ? source.error : 'run' in source ? source.run.error : undefined
}

function gapsOf(source: GateSource): readonly CoverageGap[] {
  const error = errorOf(source)
  return error === undefined ? [] : [{ what: source.file, why: `${error.code}: ${error.message}` }]
}

/** The error whose exit code is the gate's: a file's own, or that a report failed. */
function pickError(sources: readonly GateSource[], exitCode: ExitCode): Fault {
  const source = sources.find((one) => errorOf(one)?.exitCode === exitCode)
  const error = source === undefined ? undefined : errorOf(source)
  if (source === undefined || error === undefined) return fault('SL_OPS_REPORT_FAILED')
  const code = Object.keys(errorCatalogue).find((one): one is Fault['code'] => one === error.code)
  return fault(code ?? 'SL_OPS_REPORT_FAILED', { message: error.message, target: source.file })
}

function listDoubts({ inputs }: GateData): readonly Issue[] {
  return inputs.flatMap(({ file, inconclusive }) =>
    inconclusive.map((why): Issue => {
      return { code: 'SL_OPS_GATE_NO_DATA', message: why, severity: 'warning', at: { file }, count: 1 }
    }),
  )
}
