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
  readonly title: string
  readonly sees: string
  readonly cannotSee: string
  readonly turnOn: string
  readonly cost: string
}

export type WaitEntry = {
  readonly title: string
  readonly dumpReasons: readonly string[]
  readonly views: Readonly<Record<string, string>>
  readonly source: string
}

/** The lenses that tell waits apart; the others (heap, spans, metrics, logs) say the same of nearly every wait. */
const MATRIX = ['goroutine', 'trace', 'block', 'mutex', 'cpu', 'goroutineleak'] as const

const viewTones: Readonly<Record<string, keyof Theme>> = {
  now: 'good',
  proof: 'good',
  'proof-if-unreachable': 'good',
  after: 'warn',
  never: 'dim',
}
const viewWords: Readonly<Record<string, string>> = {
  'proof-if-unreachable': 'proof?',
  'now-unnamed': 'now*',
  never: '-',
}

/** First which lens shows which wait, then each lens in words. */
export function renderLensTable(
  { lenses, waits }: { readonly lenses: readonly LensEntry[]; readonly waits: readonly WaitEntry[] },
  options: ListOptions,
): string {
  const { theme, width } = options
  const matrix = renderTable(
    [
      { title: 'a wait on', overflow: 'wrap', least: 32 },
      { title: 'in a dump', overflow: 'end', least: 12 },
      ...MATRIX.map((lens) => ({ title: lens === 'goroutine' ? 'dump' : lens === 'goroutineleak' ? 'leak' : lens })),
    ],
    waits.map((wait) => [
      wait.title,
      wait.dumpReasons.join(', '),
      ...MATRIX.map((lens) => {
        const view = wait.views[lens] ?? ''
        return { text: viewWords[view] ?? view, paint: theme[viewTones[view] ?? 'note'] }
      }),
    ]),
    options,
  )
  const legend =
    'now: while it lasts (now*: without a word for why). after: once it has ended, if the profile was on when it began. proof: the runtime proves that nothing can end it (proof?: where nothing that runs can reach what it waits on). -: never.'
  const words = lenses.flatMap((row) => {
    const part = (name: string, text: string) =>
      wrapWords(escapeControls(text), width - 13).map(
        (line, index) => `  ${(index === 0 ? name : '').padEnd(11)}${line}`,
      )
    return [
      '',
      `${theme.strong(row.lens)}  ${theme.dim(row.title)}`,
      ...part('sees', row.sees),
      ...part('cannot see', row.cannotSee),
      ...part('turn on', row.turnOn),
      ...part('cost', row.cost),
    ]
  })
  return `${[theme.strong('Which lens shows which wait'), ...matrix, ...wrapWords(legend, width), ...words].join('\n')}\n`
}

export function renderRuleTable(rows: readonly RuleInfo[], options: ListOptions): string {
  const lines = renderTable(
    [{ title: 'rule' }, { title: 'what it finds', overflow: 'wrap', least: 24 }],
    rows.map((row) => [row.id, row.title]),
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
