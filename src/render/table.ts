/**
 * The one table writer for terminals: columns are measured, cut or wrapped to fit the width, never broken by the
 * terminal. Enters: columns, rows of plain text, a width. Leaves: lines without trailing spaces.
 * Every cell is escaped here; colour is put on after measuring, so it never counts as width.
 */
import { cutEnd, cutStart, escapeControls, padEnd, padStart, widthOf, wrapWords } from './text.ts'
import type { Paint, Theme } from './theme.ts'

export type Column = {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** What happens to text that does not fit; `start` keeps the end of a path. */
  readonly overflow?: 'end' | 'start' | 'wrap'
  /** It is not made narrower than this, unless nothing else is left. */
  readonly least?: number
}

export type Cell = string | { readonly text: string; readonly paint?: Paint }

export type TableOptions = {
  readonly width: number
  readonly theme: Theme
  readonly indent?: string
  readonly header?: boolean
  /** Narrower than this it is no table: of each row a line of what must not be cut, and below it the rest, wrapped. */
  readonly stackBelow?: number
}

const GAP = '  '

/** Lines of the table; a column in which every cell is empty is left out. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): string[] {
  const indent = options.indent ?? ''
  const cells = rows.map((row) => columns.map((_, index) => toCell(row[index] ?? '')))
  const used = columns.map((_, index) => index).filter((index) => cells.some((row) => row[index]?.text !== ''))
  if (used.length === 0) return []
  const shown = used.map((index) => columns[index] as Column)
  const body = cells.map((row) => used.map((index) => row[index] as { text: string; paint?: Paint }))
  if (options.width < (options.stackBelow ?? 0)) return stackRows(shown, body, options.width, indent)
  const header = options.header ?? true
  const widths = fitWidths(shown, body, header, options.width - widthOf(indent) - GAP.length * (shown.length - 1))
  const lines: string[] = []
  if (header) {
    const titles = shown.map((column, index) => fitCell(column.title, column, widths[index] as number)[0] ?? '')
    lines.push(indent + options.theme.dim(joinCells(titles, shown, widths).trimEnd()))
  }
  for (const row of body) {
    const parts = row.map((cell, index) => fitCell(cell.text, shown[index] as Column, widths[index] as number))
    const height = Math.max(1, ...parts.map((part) => part.length))
    for (let at = 0; at < height; at += 1) {
      const line = shown.map((column, index) => {
        const text = alignCell(parts[index]?.[at] ?? '', column, widths[index] as number, index === shown.length - 1)
        const paint = row[index]?.paint
        return paint === undefined || text.trim() === '' ? text : paintText(text, paint)
      })
      lines.push((indent + line.join(GAP)).trimEnd())
    }
  }
  return lines
}

function stackRows(
  columns: readonly Column[],
  rows: readonly (readonly { readonly text: string; readonly paint?: Paint }[])[],
  width: number,
  indent: string,
): string[] {
  return rows.flatMap((row) => {
    const cells = row.flatMap((cell, index) =>
      cell.text === '' ? [] : [{ ...cell, column: columns[index] as Column }],
    )
    const say = ({ text, paint }: { readonly text: string; readonly paint?: Paint }) =>
      paint === undefined ? text : paintText(text, paint)
    const head = cells.filter(({ column }) => column.overflow === undefined).map(say)
    const rest = cells.filter(({ column }) => column.overflow !== undefined)
    const room = width - widthOf(indent) - GAP.length
    return [
      indent + head.join(GAP),
      ...rest.flatMap(({ text, paint }) =>
        wrapWords(text, room).map(
          (line) => indent + GAP + say({ text: line, ...(paint === undefined ? {} : { paint }) }),
        ),
      ),
    ]
  })
}

function toCell(cell: Cell): { text: string; paint?: Paint } {
  const { text, paint } = typeof cell === 'string' ? { text: cell, paint: undefined } : cell
  return { text: escapeControls(text), ...(paint === undefined ? {} : { paint }) }
}

/** Paints the words and leaves the padding as it is, so that trailing spaces can be cut. */
function paintText(text: string, paint: Paint): string {
  const start = text.length - text.trimStart().length
  const end = text.trimEnd().length
  return text.slice(0, start) + paint(text.slice(start, end)) + text.slice(end)
}

function fitWidths(
  columns: readonly Column[],
  rows: readonly (readonly { text: string }[])[],
  header: boolean,
  room: number,
): number[] {
  const widths = columns.map((column, index) =>
    Math.max(header ? widthOf(column.title) : 0, ...rows.map((row) => widthOf(row[index]?.text ?? ''))),
  )
  const least = columns.map((column, index) => {
    const wanted = column.overflow === undefined ? (widths[index] as number) : Math.max(column.least ?? 8, 3)
    return Math.min(widths[index] as number, wanted)
  })
  let excess = widths.reduce((sum, width) => sum + width, 0) - Math.max(room, columns.length * 3)
  while (excess > 0) {
    const widest = pickWidest(widths, least)
    if (widest === undefined) break
    widths[widest] = (widths[widest] as number) - 1
    excess -= 1
  }
  while (excess > 0) {
    const widest = pickWidest(
      widths,
      widths.map(() => 3),
    )
    if (widest === undefined) break
    widths[widest] = (widths[widest] as number) - 1
    excess -= 1
  }
  return widths
}

function pickWidest(widths: readonly number[], least: readonly number[]): number | undefined {
  let best: number | undefined
  widths.forEach((width, index) => {
    if (width > (least[index] as number) && (best === undefined || width > (widths[best] as number))) best = index
  })
  return best
}

function fitCell(text: string, column: Column, width: number): string[] {
  if (widthOf(text) <= width) return [text]
  if (column.overflow === 'wrap') return wrapWords(text, width).map((line) => cutEnd(line, width))
  return [column.overflow === 'start' ? cutStart(text, width) : cutEnd(text, width)]
}

function alignCell(text: string, column: Column, width: number, last: boolean): string {
  if (column.align === 'right') return padStart(text, width)
  return last ? text : padEnd(text, width)
}

function joinCells(cells: readonly string[], columns: readonly Column[], widths: readonly number[]): string {
  return cells
    .map((text, index) =>
      alignCell(text, columns[index] as Column, widths[index] as number, index === columns.length - 1),
    )
    .join(GAP)
}
