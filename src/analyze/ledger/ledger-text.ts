/**
 * The ledger's file: JSON, one line per entry, sorted by fingerprint, keys in one order, every line ending in a comma and
 * a last line that closes: a change of one entry is a change of one line, and git's union merge leaves a file that reads.
 * Reading is by lines: entries twice (a union merge) become one; conflict markers are a fault unless asked to be solved.
 */
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import {
  type DebtEntry,
  LEDGER_FILE_SCHEMA,
  type Ledger,
  type LedgerLook,
  MAX_LEDGER_BYTES,
  MAX_LEDGER_ENTRIES,
} from '../../model/trust/ledger.ts'
import { isRecord } from './json-shape.ts'
import { readEntry, readLook } from './ledger-lines.ts'
import { mergeEntries, mergeLooks } from './merge-ledgers.ts'

const HEAD = `{"schema":"${LEDGER_FILE_SCHEMA}","lines":[`
const TAIL = 'null]}'
const schemaPattern = /"schema"\s*:\s*"sightline\.ledger-file\/v(\d+)"/

export function isLedgerText(text: string): boolean {
  return schemaPattern.test(text.slice(0, 4096))
}

export function printLedger(ledger: Ledger): string {
  const lines = [...ledger.looks.map(printLook), ...ledger.entries.map(printEntry)]
  return `${[HEAD, ...lines.map((line) => `${line},`), TAIL].join('\n')}\n`
}

/** Keys in one order, whatever the order in memory; what is absent is left out. */
function printLook({ source, subject, first, last }: LedgerLook): string {
  return JSON.stringify({ look: source, subject, first, last })
}

function printEntry({ fingerprint, facts, sources, history, waiver }: DebtEntry): string {
  const { rule, severity, confidence, service, title, where, measure, needs, owners, at } = facts
  const { file, line, function: name, operation, edge } = where
  return JSON.stringify({
    fingerprint,
    rule,
    severity,
    confidence,
    service,
    title,
    where: { file, line, function: name, operation, edge },
    measure: {
      rate: measure.rate,
      interval: measure.interval,
      traces: measure.traces,
      affectedTracesPerDay: measure.affectedTracesPerDay,
      goroutineSeconds: measure.goroutineSeconds,
    },
    needs: { lenses: needs.lenses, directory: needs.directory, tier: needs.tier },
    owners,
    waiver:
      waiver === undefined
        ? undefined
        : {
            change: waiver.change,
            at: waiver.at,
            who: waiver.who,
            why: waiver.why,
            until: waiver.until,
            lifted: waiver.lifted,
          },
    sources: sources.map(({ source, firstSeen, lastSeen }) => [source, firstSeen, lastSeen]),
    history: history.map((one) => [one.at, one.source, one.saw, ...(one.debt === undefined ? [] : [one.debt])]),
    at,
  })
}

export type ReadLedgerOptions = {
  /** As messages call it. */
  readonly name: string
  /** Takes both sides of every conflict. */
  readonly resolve?: boolean
}

/** Faults: SL_OPS_LEDGER_CONFLICT, _DAMAGED, _NEWER, _LARGE. */
export function parseLedger(text: string, { name, resolve }: ReadLedgerOptions): Result<Ledger> {
  if (text.length > MAX_LEDGER_BYTES) return err(fault('SL_OPS_LEDGER_LARGE', { target: name }))
  let lines = splitLines(text)
  const marked = lines.findIndex((line) => /^(<{7}|>{7}|\|{7})( |$)/.test(line))
  if (marked !== -1) {
    if (resolve !== true) {
      const message = `${name}:${marked + 1}: conflict markers of a merge; nothing was changed`
      return err(fault('SL_OPS_LEDGER_CONFLICT', { message, target: name }))
    }
    lines = dropMarkers(lines)
  }
  const version = schemaPattern.exec(lines.slice(0, 8).join('\n'))?.[1]
  if (version === undefined) return err(damaged(name, 1, `it does not begin as a ledger does (${LEDGER_FILE_SCHEMA})`))
  if (version !== '1') {
    return err(
      fault('SL_OPS_LEDGER_NEWER', { message: `${name} is of version ${version}; this one reads 1`, target: name }),
    )
  }
  const rows = lines[0] === HEAD ? readByLine(lines, name) : readWhole(lines.join('\n'), name)
  if (!rows.ok) return rows
  const looks: LedgerLook[] = []
  const entries: DebtEntry[] = []
  for (const { value, line } of rows.value) {
    if (isRecord(value) && value.look !== undefined) {
      const look = readLook(value)
      if (!look.ok) return err(damaged(name, line, look.error))
      looks.push(look.value)
    } else {
      const entry = readEntry(value)
      if (!entry.ok) return err(damaged(name, line, entry.error))
      entries.push(entry.value)
    }
  }
  const ledger = { looks: mergeLooks(looks), entries: mergeEntries(entries) }
  if (ledger.entries.length > MAX_LEDGER_ENTRIES) {
    const message = `${name} holds ${ledger.entries.length} entries; one ledger holds ${MAX_LEDGER_ENTRIES}`
    return err(fault('SL_OPS_LEDGER_LARGE', { message, target: name }))
  }
  return ok(ledger)
}

type Row = { readonly value: unknown; readonly line: number }

/** A mark of the beginning of a file and line ends of Windows come from editors. */
function splitLines(text: string): readonly string[] {
  return text.replace(/^\uFEFF/, '').split(/\r?\n/)
}

/** Both sides stay; what stood before them (diff3) goes: it is in each. */
function dropMarkers(lines: readonly string[]): readonly string[] {
  const kept: string[] = []
  let isBase = false
  let isInside = false
  for (const line of lines) {
    if (/^<{7}( |$)/.test(line)) isInside = true
    else if (/^\|{7}( |$)/.test(line) && isInside) isBase = true
    else if (/^={7}$/.test(line) && isInside) isBase = false
    else if (/^>{7}( |$)/.test(line)) {
      isInside = false
      isBase = false
    } else if (!isBase) kept.push(line)
  }
  return kept
}

/** The file as it is written; head and tail may be there twice after a merge. */
function readByLine(lines: readonly string[], name: string): Result<readonly Row[]> {
  const rows: Row[] = []
  let isClosed = false
  for (const [index, line] of lines.entries()) {
    const text = line.trim()
    if (text === '' || text === HEAD) continue
    if (text === TAIL) {
      isClosed = true
      continue
    }
    try {
      rows.push({ value: JSON.parse(text.endsWith(',') ? text.slice(0, -1) : text) as unknown, line: index + 1 })
    } catch {
      return err(damaged(name, index + 1, 'it is not JSON'))
    }
  }
  return isClosed ? ok(rows) : err(damaged(name, lines.length, 'its end is missing: the file was cut'))
}

/** A file that a formatter has laid out anew. */
function readWhole(text: string, name: string): Result<readonly Row[]> {
  try {
    const value: unknown = JSON.parse(text)
    if (!isRecord(value) || !Array.isArray(value.lines)) return err(damaged(name, 1, 'it has no "lines"'))
    return ok(value.lines.filter((one) => one !== null).map((one: unknown, index) => ({ value: one, line: index + 2 })))
  } catch {
    return err(damaged(name, 1, 'it is not JSON'))
  }
}

function damaged(name: string, line: number, why: string) {
  return fault('SL_OPS_LEDGER_DAMAGED', { message: `${name}:${line}: ${why}`, target: name })
}
