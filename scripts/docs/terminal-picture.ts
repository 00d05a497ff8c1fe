/**
 * Draws docs/terminal.svg: the first screen of `sightline demo` on the recorded capture, as the program really prints it.
 * Enters: the program's output with colour codes. Leaves: an SVG of text, so that it stays sharp and searchable.
 * Understands the SGR codes that the theme uses (bold, dim, eight colours); others are dropped.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const COLUMNS = 104
/** The picture is the answer: it ends where the report's detail begins. */
const DETAIL = 'Goroutines'
const CELL_WIDTH = 8.4
const CELL_HEIGHT = 18
const PADDING = 16

const colours: Readonly<Record<number, string>> = {
  30: '#6e7681',
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
  37: '#c9d1d9',
  90: '#8b949e',
}

type Style = { bold: boolean; dim: boolean; colour?: string }
type Run = { readonly text: string; readonly style: Style }

/** The picture as the generator draws it now; the docs test compares it with the committed one. */
export function drawTerminalPicture(): string {
  const root = join(import.meta.dirname, '..', '..')
  const folder = mkdtempSync(join(tmpdir(), 'sightline-picture-'))
  try {
    const args = [join(root, 'bin', 'sightline.mjs'), 'demo', '--once', '--html', join(folder, 'sightline-report.html')]
    const env = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SIGHTLINE_'))),
      FORCE_COLOR: '1',
      COLUMNS: String(COLUMNS),
      NO_COLOR: undefined,
      XDG_CONFIG_HOME: folder,
    }
    const text = execFileSync(process.execPath, args, {
      env,
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return drawSvg(cutDetail(text.replaceAll(`${folder}/`, '').split('\n')))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function cutDetail(lines: readonly string[]): readonly string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are what is taken off
  const end = lines.findIndex((line) => line.replace(/\x1b\[[\d;]*m/g, '') === DETAIL)
  if (end === -1) throw new Error(`the report has no line '${DETAIL}'`)
  return lines.slice(0, end - 1)
}

function drawSvg(lines: readonly string[]): string {
  const width = Math.ceil(COLUMNS * CELL_WIDTH + 2 * PADDING)
  const height = (lines.length + 1) * CELL_HEIGHT + 2 * PADDING
  const rows = ['$ npx sightline demo --once', ...lines].map((line, row) => {
    const spans = readRuns(line).map(({ text, style }) => `<tspan${describe(style)}>${escapeXml(text)}</tspan>`)
    return `<text x="${PADDING}" y="${PADDING + (row + 0.8) * CELL_HEIGHT}" xml:space="preserve">${spans.join('')}</text>`
  })
  const font = `font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" fill="#c9d1d9"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${font}>`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    ...rows,
    '</svg>\n',
  ].join('\n')
}

function readRuns(line: string): Run[] {
  const runs: Run[] = []
  let style: Style = { bold: false, dim: false }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is being parsed
  for (const part of line.split(/(\x1b\[[\d;]*m)/)) {
    if (part.startsWith('\x1b[')) style = applyCodes(style, part.slice(2, -1))
    else if (part !== '') runs.push({ text: part, style })
  }
  return runs
}

function applyCodes(style: Style, codes: string): Style {
  let next = { ...style }
  for (const code of codes.split(';').map(Number)) {
    if (code === 0) next = { bold: false, dim: false }
    else if (code === 1) next.bold = true
    else if (code === 2) next.dim = true
    else if (code === 22) next = { ...next, bold: false, dim: false }
    else if (code === 39) delete next.colour
    else if (colours[code] !== undefined) next.colour = colours[code]
  }
  return next
}

function describe(style: Style): string {
  const fill = style.colour ?? (style.dim ? '#8b949e' : undefined)
  return `${style.bold ? ' font-weight="bold"' : ''}${fill === undefined ? '' : ` fill="${fill}"`}`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(import.meta.dirname, '..', '..', 'docs', 'terminal.svg'), drawTerminalPicture())
}
