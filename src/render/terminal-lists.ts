/** The catalogues for the terminal: lenses, error codes, rules. Enters: rows. Leaves: text that ends in a newline. */
import type { CodeRow } from '../base/errors.ts'
import type { RuleInfo } from '../model/diagnosis.ts'
import { renderTable } from './table.ts'
import { capitalize, endSentence, escapeControls, wrapWords } from './text.ts'
import type { Theme } from './theme.ts'

export type ListOptions = { readonly width: number; readonly theme: Theme }

export type ErrorRow = CodeRow & { readonly code: string }

export function renderErrorTable(rows: readonly ErrorRow[], options: ListOptions): string {
  const lines = renderTable(
    [{ title: 'code' }, { title: 'exit', align: 'right' }, { title: 'what went wrong', overflow: 'wrap', least: 24 }],
    rows.map((row) => [row.code, String(row.exitCode), row.summary]),
    options,
  )
  return `${lines.join('\n')}\n`
}

export function renderErrorRow(row: ErrorRow, { width, theme }: ListOptions): string {
  const retry = row.retryable ? 'Trying again may help.' : 'Trying again will not help.'
  return `${[
    theme.strong(row.code),
    ...wrapWords(`${row.summary}.`, width),
    '',
    ...wrapWords(row.hint, width),
    '',
    ...wrapWords(`Exit code ${row.exitCode}, HTTP status ${row.httpStatus}. ${retry}`, width),
  ].join('\n')}\n`
}

export type LensEntry = {
  readonly lens: string
  readonly sees: string
  readonly cannotSee: string
  readonly turnOn: string
  readonly cost?: string
}

export function renderLensTable(rows: readonly LensEntry[], options: ListOptions): string {
  const lines = renderTable(
    [
      { title: 'lens' },
      { title: 'sees', overflow: 'wrap', least: 20 },
      { title: 'cannot see', overflow: 'wrap', least: 20 },
      { title: 'how to turn it on', overflow: 'wrap', least: 20 },
    ],
    rows.map((row) => [
      row.lens,
      row.sees,
      row.cannotSee,
      row.cost === undefined ? row.turnOn : `${row.turnOn} (cost: ${row.cost})`,
    ]),
    options,
  )
  return `${lines.join('\n')}\n`
}

export function renderRuleTable(rows: readonly RuleInfo[], options: ListOptions): string {
  const lines = renderTable(
    [{ title: 'rule' }, { title: 'severity' }, { title: 'what it finds', overflow: 'wrap', least: 24 }],
    rows.map((row) => [row.id, row.severity, row.title]),
    options,
  )
  return `${lines.join('\n')}\n`
}

export function renderRule(row: RuleInfo, { width, theme }: ListOptions): string {
  const part = (title: string, text: string) =>
    text === '' ? [] : ['', theme.strong(title), ...wrapWords(escapeControls(endSentence(capitalize(text))), width)]
  return `${[
    `${theme.strong(row.id)}  ${row.severity}`,
    ...wrapWords(escapeControls(endSentence(row.title)), width),
    ...part('It fires when', row.saysWhen),
    ...part('It needs', row.needs),
    ...part('What to do', row.fix),
    ...(row.doc === '' ? [] : ['', `See ${row.doc}`]),
  ].join('\n')}\n`
}
