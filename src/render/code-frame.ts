/** A place in the source for the terminal: where it is, the line, and a mark under the column. Any text is made harmless. */
import { cutEnd, escapeControls, widthOf } from './text.ts'
import type { Theme } from './theme.ts'

export type CodePlace = {
  readonly file: string
  readonly line?: number
  /** In bytes, from 1. */
  readonly column?: number
  readonly excerpt?: string
  /** Behind the place: ` in main.run`. */
  readonly note?: string
}

/** `  shop/api.go:31:7`, the line, and a mark under the column. */
export function renderFrame(
  place: CodePlace,
  paint: (text: string) => string,
  { width, theme }: { readonly width: number; readonly theme: Theme },
): string[] {
  const { file, line, column, excerpt = '', note = '' } = place
  const at = line === undefined ? file : `${file}:${line}${column === undefined ? '' : `:${column}`}`
  const gutter = `${line ?? ''}`.padStart(6)
  const indent = excerpt.length - excerpt.trimStart().length
  const code = expand(excerpt.slice(indent))
  const shown = cutEnd(code, Math.max(20, width - 10))
  const frame = [`  ${escapeControls(at + note)}`, `${theme.dim(`${gutter} |`)} ${shown}`]
  const mark = column === undefined ? undefined : widthOf(expand(takeBytes(excerpt, column - 1).slice(indent)))
  if (mark !== undefined && excerpt !== '' && mark < widthOf(shown)) {
    frame.push(`${theme.dim(`${' '.repeat(6)} |`)} ${' '.repeat(mark)}${paint('^')}`)
  }
  return frame
}

function expand(text: string): string {
  return escapeControls(text.replaceAll('\t', '  '))
}

/** The text before a column, which counts bytes as Go does. */
function takeBytes(text: string, bytes: number): string {
  let left = bytes
  let end = 0
  for (const character of text) {
    const code = character.codePointAt(0) as number
    left -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (left < 0) break
    end += character.length
  }
  return text.slice(0, end)
}
