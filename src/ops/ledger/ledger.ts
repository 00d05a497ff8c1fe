/**
 * The use cases of `ledger`: add reports, list, show, waive, take a waiver back, resolve a merge. Each leaves a report;
 * what is written is written whole or not at all. A report without a time needs `at`: a ledger is a history.
 */
import { type AddedRun, addRun } from '../../analyze/ledger/add-run.ts'
import type { Run } from '../../analyze/ledger/run.ts'
import { listRows, readTrend, rowOf, sumRows } from '../../analyze/ledger/sum-ledger.ts'
import { liftWaiver, putWaiver } from '../../analyze/ledger/waive.ts'
import { errorCatalogue, type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { parseUnixNs } from '../../base/units.ts'
import type { Coverage } from '../../model/contract.ts'
import { openIssueLog } from '../../model/issue.ts'
import type { Report } from '../../model/report.ts'
import type { DebtRow, Ledger, LedgerAddData, LedgerData, Waiver } from '../../model/trust/ledger.ts'
import { findOwners } from './find-owners.ts'
import { changeLedger, type LedgerPlace, missing, readLedger } from './ledger-file.ts'
import { readInputFile } from './read-input.ts'

export type AddInput = {
  readonly ledger: LedgerPlace
  readonly reports: readonly LedgerPlace[]
  /** The folder whose repository has the CODEOWNERS. */
  readonly folder: string
  /** A time; wins over what reports say. */
  readonly at?: string
  readonly service?: string
  readonly servicePaths: ReadonlyMap<string, string>
  /** Ages and totals are of this time. */
  readonly asOf: string
  /** What the clock says: of what is later, the ledger doubts. */
  readonly now?: string
}

const DAY_NS = 86_400_000_000_000n

type Failed = { readonly error: Fault; readonly coverage?: Coverage }

function failed<T extends object>({ error, coverage }: Failed): Report<T | Record<string, never>> {
  return {
    data: {},
    findings: [],
    issues: [],
    coverage: coverage ?? {
      asked: 1,
      answered: 0,
      missing: [{ what: 'ledger', why: error.message, code: error.code }],
    },
    error,
    exitCode: errorCatalogue[error.code].exitCode,
  }
}

function done<T>(data: T, asked = 1): Report<T> {
  return { data, findings: [], issues: [], coverage: { asked, answered: asked, missing: [] }, exitCode: 0 }
}

/** All of the reports, or none: a file that cannot be used is a fault and the ledger stays as it was. */
export async function addReports(input: AddInput): Promise<Report<LedgerAddData | Record<string, never>>> {
  const runs: { readonly file: string; readonly run: Run; readonly at: string }[] = []
  for (const place of input.reports) {
    const run = await readRunToAdd(place, input)
    if (!run.ok) {
      const { code, message } = run.error
      const missingOne = { what: place.name, why: message, code }
      return failed({
        error: run.error,
        coverage: { asked: input.reports.length, answered: runs.length, missing: [missingOne] },
      })
    }
    runs.push({ file: place.name, ...run.value })
  }
  // Older ones first, so that what was paid between two of them is seen as paid.
  const ordered = runs.map((one, index) => ({ ...one, index })).sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  const owners = await findOwners(input.folder, input.servicePaths)
  const changed = await changeLedger(input.ledger, (before) => {
    let ledger: Ledger = before
    const added: (AddedRun & { readonly index: number })[] = []
    for (const { run, at, index } of ordered) {
      const one = addRun(ledger, run, { at, ownersOf: owners.ownersOf })
      ledger = one.ledger
      added.push({ ...one, index })
    }
    return ok({ ledger, value: { ledger, added: added.sort((a, b) => a.index - b.index) } })
  })
  if (!changed.ok) return failed({ error: changed.error })
  const { ledger, added } = changed.value.value
  const log = openIssueLog()
  log.addAll(owners.issues)
  for (const { file, at } of runs) {
    if (input.now === undefined || !isAhead(at, input.now)) continue
    const why = `the report is of ${at}, which is to come: until then no report of a run pays what this one found`
    log.add('SL_OPS_REPORT_FUTURE', why, { at: { file } })
  }
  const rows = runs.map(({ file, run, at }, index) => {
    const { appeared = [], back = [], paid = [], notLookedFor = 0, doubts = [] } = added[index] ?? {}
    for (const why of doubts) log.add('SL_OPS_REPORT_PAYS_NOTHING', why, { severity: 'info', at: { file } })
    if (run.looks.length === 0) {
      const why = `the report does not say which service it looked at: sightline ${run.source} --service NAME does, and so makes it the same debt as that of a capture`
      log.add('SL_OPS_REPORT_PAYS_NOTHING', why, { severity: 'info', at: { file } })
    }
    return { file, source: run.source, at, findings: run.findings.length, appeared, back, paid, notLookedFor }
  })
  return {
    ...done(
      {
        file: input.ledger.name,
        changed: changed.value.changed,
        reports: rows,
        totals: sumRows(listRows(ledger, input.asOf)),
      },
      runs.length,
    ),
    issues: log.list(),
  }
}

/** A clock that is wrong by an hour or a time zone is no matter. */
function isAhead(at: string, now: string): boolean {
  const [atNs, nowNs] = [parseUnixNs(at), parseUnixNs(now)]
  return atNs !== undefined && nowNs !== undefined && atNs - nowNs > DAY_NS
}

async function readRunToAdd(
  place: LedgerPlace,
  { at: given, service }: AddInput,
): Promise<Result<{ readonly run: Run; readonly at: string }>> {
  const read = await readInputFile(place, service)
  if (!read.ok) return read
  const { name } = place
  if ('ledger' in read.value) {
    const message = `${name} is a ledger; git merges ledgers, and reports are added to them`
    return err(fault('SL_OPS_NOT_A_REPORT', { message, target: name }))
  }
  const { run } = read.value
  if (run.error !== undefined) {
    const { code, message } = run.error
    return err(fault('SL_OPS_REPORT_FAILED', { message: `${name}: ${code}: ${message}`, target: name }))
  }
  const at = given ?? run.at
  return at === undefined
    ? err(fault('SL_OPS_REPORT_NO_TIME', { message: `${name} does not say of what time it is`, target: name }))
    : ok({ run, at })
}

export type ListInput = {
  readonly ledger: LedgerPlace
  readonly asOf: string
  readonly service?: string
  readonly owner?: string
  readonly states?: readonly string[]
}

export async function listLedger(input: ListInput): Promise<Report<LedgerData | Record<string, never>>> {
  const read = await readLedger(input.ledger)
  if (!read.ok) return failed({ error: read.error })
  if (read.value === undefined) return failed({ error: missing(input.ledger) })
  const { owner, service, states } = input
  const chosen = read.value.entries.filter(
    ({ facts }) =>
      (service === undefined || facts.service === service) && (owner === undefined || facts.owners.includes(owner)),
  )
  const ledger = { ...read.value, entries: chosen }
  const rows = listRows(ledger, input.asOf)
  const only = { ...(service === undefined ? {} : { service }), ...(owner === undefined ? {} : { owner }) }
  return done({
    file: input.ledger.name,
    ...(Object.keys(only).length === 0 ? {} : { only }),
    asOf: input.asOf,
    totals: sumRows(rows),
    entries: states === undefined ? rows : rows.filter(({ state }) => states.includes(state)),
    trend: readTrend(ledger),
    looks: read.value.looks,
  })
}

export type EntryInput = { readonly ledger: LedgerPlace; readonly fingerprint: string; readonly asOf: string }

/** `fingerprint`: whole, or as many of its first digits as are of one entry. */
export async function showEntry(input: EntryInput): Promise<Report<DebtRow | Record<string, never>>> {
  const read = await readLedger(input.ledger)
  if (!read.ok) return failed({ error: read.error })
  if (read.value === undefined) return failed({ error: missing(input.ledger) })
  const found = findEntry(read.value, input.fingerprint)
  if (!found.ok) return failed({ error: found.error })
  return showOf(read.value, found.value, input.asOf)
}

export async function waiveEntry(
  input: EntryInput & { readonly waiver: Omit<Waiver, 'change' | 'lifted'> },
): Promise<Report<DebtRow | Record<string, never>>> {
  return changeEntry(input, (ledger, fingerprint) => putWaiver(ledger, fingerprint, input.waiver))
}

export async function unwaiveEntry(
  input: EntryInput & { readonly at: string },
): Promise<Report<DebtRow | Record<string, never>>> {
  return changeEntry(input, (ledger, fingerprint) => liftWaiver(ledger, fingerprint, input.at))
}

/** Both sides of every conflict, as one ledger. */
export async function resolveLedger(
  input: Omit<ListInput, 'states'>,
): Promise<Report<LedgerData | Record<string, never>>> {
  const changed = await changeLedger(input.ledger, (ledger) => ok({ ledger, value: ledger }), {
    resolve: true,
    mustExist: true,
  })
  return changed.ok ? listLedger(input) : failed({ error: changed.error })
}

async function changeEntry(
  { ledger: place, fingerprint, asOf }: EntryInput,
  change: (ledger: Ledger, fingerprint: string) => Ledger,
): Promise<Report<DebtRow | Record<string, never>>> {
  const changed = await changeLedger(
    place,
    (before) => {
      const found = findEntry(before, fingerprint)
      if (!found.ok) return found
      const ledger = change(before, found.value)
      return ok({ ledger, value: { ledger, found: found.value } })
    },
    { mustExist: true },
  )
  if (!changed.ok) return failed({ error: changed.error })
  const { ledger, found } = changed.value.value
  return showOf(ledger, found, asOf)
}

function showOf(ledger: Ledger, fingerprint: string, asOf: string): Report<DebtRow | Record<string, never>> {
  const entry = ledger.entries.find((one) => one.fingerprint === fingerprint)
  const row = entry === undefined ? undefined : rowOf(entry, asOf, true)
  return row === undefined
    ? failed({ error: fault('SL_OPS_LEDGER_NO_ENTRY', { message: `There is no entry ${fingerprint}` }) })
    : done(row)
}

function findEntry({ entries }: Ledger, asked: string): Result<string> {
  const exact = entries.find(({ fingerprint }) => fingerprint === asked)
  if (exact !== undefined) return ok(asked)
  const alike = entries.filter(({ fingerprint }) => asked.length >= 4 && fingerprint.startsWith(asked))
  const [only] = alike
  if (alike.length === 1 && only !== undefined) return ok(only.fingerprint)
  const message =
    alike.length === 0
      ? `There is no entry ${asked.slice(0, 80)}`
      : `${alike.length} entries begin with ${asked.slice(0, 80)}`
  return err(fault('SL_OPS_LEDGER_NO_ENTRY', { message }))
}
