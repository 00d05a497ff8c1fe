/**
 * Writes docs/errors.md from the error catalogue: `node scripts/docs/errors.ts`. A test holds the page to this output.
 * Rooms in the order of the data's way; codes in alphabetical order, so that a new one moves nothing.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCatalogue } from '../../src/base/errors.ts'

const rooms: readonly (readonly [string, string])[] = [
  ['CLI', 'the command line, configuration and what it writes'],
  ['COLLECT', 'asking live services; captures on disk'],
  ['DECODE', 'reading what a file holds'],
  ['ANALYZE', 'judging: doubts about the evidence'],
  ['OPS', 'the use cases'],
]

export function renderErrorsPage(): string {
  const lines = [
    '# Error codes',
    'Generated from the error catalogue by `npm run docs`; do not edit. Every failure and every doubt about data carries one of these codes. They are never renamed or reused. `sightline errors explain CODE` prints one.',
    '',
    '*exit*: the exit code when it is the error of the whole command; as an issue (a doubt beside a result) it does not change the exit code. *retry*: trying the same again may help.',
  ]
  for (const [room, what] of rooms) {
    const codes = Object.entries(errorCatalogue)
      .filter(([code]) => code.startsWith(`SL_${room}_`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
    if (codes.length === 0) continue
    lines.push('', `## ${room}: ${what}`)
    lines.push('| code | what went wrong | what to do | exit | HTTP | retry |', '|---|---|---|--:|--:|---|')
    for (const [code, row] of codes) {
      const cells = [`\`${code}\``, row.summary, row.hint, row.exitCode, row.httpStatus, row.retryable ? 'yes' : 'no']
      lines.push(`| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** Rooms that have a heading: a code of any other room would not be on the page. */
export const documentedRooms = rooms.map(([room]) => room)

if (import.meta.main) writeFileSync(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), renderErrorsPage())
