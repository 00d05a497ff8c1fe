/** The ledger for the terminal: totals and rows, one entry in full, the trend, and what an `add` did. */
import { type Severity, severities } from '../../model/contract.ts'
import type { Issue } from '../../model/issue.ts'
import type { DebtRow, DebtState, LedgerAddData, LedgerData, TrendPoint } from '../../model/trust/ledger.ts'
import { renderTable } from '../table.ts'
import { countOf, escapeControls, formatCount, wrapWords } from '../text.ts'
import { type Theme, toneOfSeverity } from '../theme.ts'
import { STACK_BELOW, sayAge, sayDay, sayRate, sayTotals, sayWhere, sayWhereShortly } from './say-debt.ts'

type Options = { readonly width: number; readonly theme: Theme }

const MAX_ROWS = 60
const stateTones: Readonly<Record<DebtState, keyof Theme>> = { open: 'warn', back: 'bad', paid: 'good' }

export function renderLedger(data: LedgerData, options: Options): string {
  const { theme } = options
  const { totals, entries, only } = data
  const lines = [
    theme.strong(escapeControls(sayTotals(totals, only))),
    ...listTotals(data).map((line) => theme.dim(line)),
  ]
  if (entries.length > 0) {
    lines.push(
      '',
      ...renderTable(
        [
          { title: '' },
          { title: 'state' },
          { title: 'severity' },
          { title: 'finding', overflow: 'wrap', least: 24 },
          { title: 'service', overflow: 'end', least: 8 },
          { title: 'where', overflow: 'start', least: 16 },
          { title: 'age', align: 'right' },
          { title: 'debt', align: 'right' },
          { title: 'owner', overflow: 'end', least: 8 },
          { title: 'waived', overflow: 'end', least: 10 },
        ],
        entries.slice(0, MAX_ROWS).map((row) => rowCells(row, theme)),
        { ...options, stackBelow: STACK_BELOW },
      ),
    )
  }
  if (entries.length > MAX_ROWS) lines.push(theme.dim(`and ${countOf(entries.length - MAX_ROWS, 'more')}, in --json`))
  return `${lines.join('\n')}\n`
}

function rowCells(row: DebtRow, theme: Theme) {
  return [
    row.fingerprint.slice(0, 8),
    { text: row.state, paint: theme[stateTones[row.state]] },
    { text: row.severity, paint: theme[toneOfSeverity(row.severity)] },
    row.title,
    row.service,
    sayWhereShortly(row.where),
    sayAge(row.ageDays),
    row.debt === undefined ? '' : formatCount(row.debt),
    row.owners.join(' '),
    row.waiver === undefined ? '' : `${row.waiver.state === 'holds' ? 'until' : 'expired'} ${row.waiver.until}`,
  ]
}

/** The totals in short lines, for every format. */
export function listTotals({ totals, looks }: LedgerData): readonly string[] {
  const bySeverity = severities
    .filter((one) => totals.bySeverity[one] > 0)
    .map((one) => `${formatCount(totals.bySeverity[one])} ${one}`)
  const last = looks.reduce((best, one) => (one.last > best ? one.last : best), '')
  return [
    ...(bySeverity.length === 0 ? [] : [bySeverity.join(', ')]),
    ...(totals.debt > 0 ? [`debt ${formatCount(totals.debt)} (affected traces a day × severity)`] : []),
    ...(totals.unmeasured > 0 ? [`${countOf(totals.unmeasured, 'finding')} without a figure of traces a day`] : []),
    `${formatCount(totals.paid)} paid, ${formatCount(totals.waived)} waived`,
    ...(totals.expiredWaivers > 0 ? [`${countOf(totals.expiredWaivers, 'waiver')} expired`] : []),
    last === '' ? 'no run has been added' : `last run ${sayDay(last)}`,
  ]
}

export function renderEntry(row: DebtRow, { theme, width }: Options): string {
  const facts: readonly (readonly [string, string])[] = [
    ['fingerprint', row.fingerprint],
    ['state', `${row.state} since ${sayDay(row.since)}`],
    ['rule', `${row.rule}, ${row.severity}, ${row.confidence}`],
    ['service', row.service],
    ['where', sayWhere(row.where)],
    ['rate', sayRate(row.rate, row.interval)],
    ['traces a day', row.affectedTracesPerDay === undefined ? '' : formatCount(row.affectedTracesPerDay)],
    ['debt', row.debt === undefined ? '' : formatCount(row.debt)],
    ['goroutine time', row.goroutineSeconds === undefined ? '' : `${formatCount(row.goroutineSeconds)} s`],
    ['owner', row.owners.join(' ')],
    ['seen', `first ${sayDay(row.firstSeen)}, last ${sayDay(row.lastSeen)}, age ${sayAge(row.ageDays)}`],
    ['by', row.sources.map(({ source }) => source).join(', ')],
    [
      'waiver',
      row.waiver === undefined
        ? ''
        : `${row.waiver.state}, by ${row.waiver.who} until ${row.waiver.until}: ${row.waiver.why}`,
    ],
  ]
  const lines = wrapWords(escapeControls(row.title), width).map((line) => theme.strong(line))
  const shown = facts.filter(([, value]) => value !== '')
  lines.push(...renderTable([{ title: '' }, { title: '', overflow: 'wrap' }], shown, { width, theme, header: false }))
  const history = row.history ?? []
  if (history.length > 0) {
    const cells = history.map(({ at, source, saw }) => [
      at.slice(0, 19).replace('T', ' '),
      source,
      saw ? 'seen' : 'not seen',
    ])
    lines.push('', ...renderTable([{ title: 'when (UTC)' }, { title: 'run' }, { title: '' }], cells, { width, theme }))
  }
  return `${lines.join('\n')}\n`
}

export function renderTrend(points: readonly TrendPoint[], options: Options): string {
  if (points.length === 0) return 'No run has been added.\n'
  const used = severities.filter((one) => points.some(({ bySeverity }) => bySeverity[one] > 0))
  const most = Math.max(1, ...points.map(({ open }) => open))
  const rows = points
    .slice(-MAX_ROWS)
    .map((point) => [
      point.at.slice(0, 16).replace('T', ' '),
      formatCount(point.open),
      ...used.map((one: Severity) => formatCount(point.bySeverity[one])),
      point.debt > 0 ? formatCount(point.debt) : '',
      point.appeared > 0 ? `+${point.appeared}` : '',
      point.paid > 0 ? `-${point.paid}` : '',
      '█'.repeat(Math.round((point.open / most) * 20)),
    ])
  const columns = [
    { title: 'when (UTC)' },
    { title: 'owed', align: 'right' as const },
    ...used.map((one) => ({ title: one, align: 'right' as const })),
    { title: 'debt', align: 'right' as const },
    { title: 'new', align: 'right' as const },
    { title: 'paid', align: 'right' as const },
    { title: '' },
  ]
  return `${renderTable(columns, rows, options).join('\n')}\n`
}

export function renderAdded(data: LedgerAddData, issues: readonly Issue[], { theme, width }: Options): string {
  const lines = data.reports.flatMap((one) => {
    const parts = [
      countOf(one.findings, 'finding'),
      one.appeared.length > 0 ? theme.warn(`${one.appeared.length} new`) : '',
      one.back.length > 0 ? theme.bad(`${one.back.length} back`) : '',
      one.paid.length > 0 ? theme.good(`${one.paid.length} paid`) : '',
      one.notLookedFor > 0 ? `${one.notLookedFor} open that this run could not see` : '',
    ]
    return [escapeControls(`${one.file} (${one.source}): `) + parts.filter((part) => part !== '').join(', ')]
  })
  lines.push(`${sayTotals(data.totals)} in ${escapeControls(data.file)}${data.changed ? '' : ' (nothing changed)'}`)
  for (const { message, at } of issues) {
    lines.push(...wrapWords(escapeControls(`${at?.file ?? ''}: ${message}`), width).map((line) => theme.dim(line)))
  }
  return `${lines.join('\n')}\n`
}
