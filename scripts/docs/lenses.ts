/**
 * Makes docs/lenses.md from the lens table: lens by lens, then the matrix of waits.
 * `node scripts/docs/lenses.ts` writes the file; a test holds the committed file against what this gives.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lensRows } from '../../src/analyze/lenses/lens-rows.ts'
import { waitKinds } from '../../src/analyze/lenses/table.ts'
import type { LensRow, LensView, WaitKind } from '../../src/analyze/lenses/types.ts'
import type { Lens } from '../../src/model/lens.ts'

export const LENSES_DOC = join(import.meta.dirname, '..', '..', 'docs', 'lenses.md')

/** The lenses whose cells differ from wait to wait; heap, spans, metrics and logs say the same of all. */
const COLUMNS: readonly Lens[] = ['cpu', 'block', 'mutex', 'goroutine', 'goroutineleak', 'trace']

const CELLS: Readonly<Record<LensView, string>> = {
  now: 'now',
  'now-unnamed': 'now, unnamed',
  'system-only': 'level system',
  after: 'after',
  'proof-if-unreachable': 'if unreachable',
  proof: 'always',
  aggregate: 'total',
  around: 'around',
  never: '–',
}

const INTRO = `# What each lens sees

Generated from the lens table by \`npm run docs\`; do not edit. The table is in \`src/analyze/lenses\`, and
\`npm run judge:waits\` holds it against real programs on Go 1.26 and 1.27 (\`programs/waits\`); what Go 1.21 to 1.27 were seen to do is in
\`testdata/waits\`.
`

const LEGEND = `## Which lens shows which wait

*now*: while it lasts, with its reason. *now, unnamed*: while it lasts, without a reason of its own. *after*: only once it
has ended. *if unreachable*, *always*: the leak profile flags it, if nothing that can still run reaches what it waits for,
or in any case. *level system*: only in a dump that SIGQUIT prints under \`GOTRACEBACK=system\`. –: neither while it lasts
nor afterwards.

No column for heap and logs: they show no wait. Metrics have totals only, spans at most the length around a wait.
`

const LIMITS = `## What the matrix does not say

- A wait that began before a trace, and has not ended in it, has no reason there; its stack (Go 1.23 and later) often says
  it all the same. Only a nil channel then looks like any other.
- The block profile has a wait only if its rate was on when the wait began. A wait that never ends is never in it.
- A dump stops the world before it looks. So whatever ran is *runnable* in it; only the goroutine that writes the dump is
  *running*.
- After one leak profile, ordinary dumps carry its \`(leaked)\` marks until the next one.
`

/** The whole page. */
export function makeLensesDoc(): string {
  const sections = lensRows.map(describeLens).join('\n')
  const notes = waitKinds.filter((kind) => kind.note !== undefined)
  return [
    INTRO,
    sections,
    LEGEND,
    makeTable(
      ['wait', 'dump says', 'trace says', ...COLUMNS],
      waitKinds.map((kind) => [
        kind.source === 'measured' ? kind.title : `${kind.title} *(read in the source, not measured)*`,
        listWords(kind),
        listStates(kind),
        ...COLUMNS.map((lens) => CELLS[kind.views[lens]]),
      ]),
    ),
    '## Notes\n',
    ...notes.map((kind) => `- **${kind.title}**: ${kind.note}`),
    '',
    LIMITS.trimEnd(),
    '',
  ].join('\n')
}

function describeLens(row: LensRow): string {
  const since = row.sinceGo === undefined ? '' : `, since Go ${row.sinceGo}`
  return [
    `## ${row.title} (\`${row.lens}\`${since})\n`,
    `- **Sees** ${row.sees}.`,
    `- **Cannot see** ${row.cannotSee}.`,
    `- **Turn on**: ${row.turnOn}.`,
    `- **Costs** ${row.cost}.`,
    ...(row.note === undefined ? [] : [`- ${row.note}`]),
    '',
  ].join('\n')
}

function listWords(kind: WaitKind): string {
  const words = kind.dumpReasons.filter((row) => row.untilGo === undefined).map((row) => row.reason)
  return code(words.length === 0 && kind.dumpShownAs !== undefined ? ['runnable'] : words)
}

function listStates(kind: WaitKind): string {
  const states = kind.traceStates.filter((row) => row.untilGo === undefined)
  return code(states.map(({ state, reason }) => (reason === '' ? state : `${state}: ${reason}`)))
}

function code(words: readonly string[]): string {
  return words.length === 0 ? '–' : [...new Set(words)].map((word) => `\`${word}\``).join(', ')
}

function makeTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`
}

if (import.meta.main) writeFileSync(LENSES_DOC, makeLensesDoc())
