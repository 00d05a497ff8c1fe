/**
 * The text toolkit of every renderer: makes hostile strings harmless, measures and cuts by terminal columns, wraps
 * words, and says numbers, shares and Go names for people. Pure; knows nothing of colours or tables.
 * Column widths follow Unicode's East Asian Width for the blocks that names really use, not every rare script.
 */

/** Controls, invisible format characters (bidi, zero width), surrogates without a partner, line separators. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** One line that a terminal, a log and a person can take: everything that steers a terminal or hides becomes `\x1b`, `\u202e`. */
export function escapeControls(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0) as number
    if (code === 0x0a) return '\\n'
    if (code === 0x0d) return '\\r'
    if (code === 0x09) return '\\t'
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`
    return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
  })
}

const zeroWidth = /\p{Mn}|\p{Me}/u
const wide =
  /[\u{1100}-\u{115f}\u{2e80}-\u{303e}\u{3041}-\u{33ff}\u{3400}-\u{4dbf}\u{4e00}-\u{9fff}\u{a000}-\u{a4cf}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u

/** Of what `unprintable` names, all that JSON.stringify leaves as it is inside strings. */
const bareInJson = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu

/** JSON of the same meaning that steers no terminal: what JSON would leave bare is written as `\u009b`. */
export function printJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(bareInJson, (character) =>
    character.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}

/** Columns that a text without control characters takes in a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) {
    const code = character.codePointAt(0) as number
    if (code < 0x300) width += 1
    else if (!zeroWidth.test(character)) width += wide.test(character) ? 2 : 1
  }
  return width
}

/** At most `width` columns, the end cut off and marked with `…`. */
export function cutEnd(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (width <= 0) return ''
  return `${takeColumns([...text], width - 1)}…`
}

/** At most `width` columns, the start cut off: for paths and functions, whose end says most. */
export function cutStart(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (width <= 0) return ''
  const kept = takeColumns([...text].reverse(), width - 1)
  return `…${[...kept].reverse().join('')}`
}

function takeColumns(characters: readonly string[], columns: number): string {
  let taken = ''
  let width = 0
  for (const character of characters) {
    width += widthOf(character)
    if (width > columns) break
    taken += character
  }
  return taken
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text
}

/** Lines of at most `width` columns, broken at spaces; a word that is longer than a line is cut into pieces. */
export function wrapWords(text: string, width: number): string[] {
  const limit = Math.max(8, width)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').filter((part) => part !== '')) {
    let rest = word
    const joined = line === '' ? rest : `${line} ${rest}`
    if (widthOf(joined) <= limit) {
      line = joined
      continue
    }
    if (line !== '') lines.push(line)
    while (widthOf(rest) > limit) {
      const piece = takeColumns([...rest], limit)
      lines.push(piece)
      rest = rest.slice(piece.length)
    }
    line = rest
  }
  if (line !== '') lines.push(line)
  return lines
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 goroutine`, `20 goroutines`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** `78 %`, `3.4 %`, `under 0.1 %`, and never `100 %` of what is not all. */
export function formatShare(ratio: number): string {
  const percent = ratio * 100
  if (percent <= 0) return '0 %'
  if (percent >= 100) return '100 %'
  if (percent < 0.1) return 'under 0.1 %'
  if (percent > 99.9) return 'over 99.9 %'
  if (percent > 90 || percent < 10) return `${Number(percent.toFixed(1))} %`
  return `${Math.round(percent)} %`
}

/** `2,340 s`, `12.5 s`: goroutine-seconds, CPU seconds. */
export function formatSeconds(seconds: number): string {
  if (seconds >= 100) return `${formatCount(seconds)} s`
  return `${Number(seconds.toPrecision(3))} s`
}

/** `a, b and c`. */
export function joinAnd(words: readonly string[], last = 'and'): string {
  if (words.length <= 1) return words.join('')
  return `${words.slice(0, -1).join(', ')} ${last} ${words[words.length - 1]}`
}

/** `api.(*Server).quote` of `example.com/shop/internal/api.(*Server).quote`: the package path without its folders. */
export function shortFunction(name: string): string {
  const end = name.search(/[[({]/)
  const slash = name.lastIndexOf('/', end === -1 ? name.length : end)
  return name.slice(slash + 1)
}

/** Each of these functions in a text without its folders; the longest first, so that none is cut inside another. */
export function shortenFunctions(text: string, functions: Iterable<string>): string {
  const known = [...new Set(functions)].filter((name) => name.includes('/') && shortFunction(name) !== '')
  known.sort((a, b) => b.length - a.length)
  return known.reduce((said, name) => said.replaceAll(name, () => shortFunction(name)), text)
}

/** `api/quote.go:31`: the folder and the file, enough to know it again. */
export function shortPlace(file: string | undefined, line: number | undefined): string {
  if (file === undefined) return ''
  const parts = file.split(/[/\\]/)
  const short = parts.slice(-2).join('/')
  return line === undefined ? short : `${short}:${line}`
}

/** `example.com/shop/internal/api/quote.go:31`: as the runtime names it. */
export function fullPlace(file: string | undefined, line: number | undefined): string {
  if (file === undefined) return ''
  return line === undefined ? file : `${file}:${line}`
}

/** First letter in upper case; for sentences made from parts. Code is left as it is: `runtime.SetBlockProfileRate`. */
export function capitalize(text: string): string {
  return /^[a-z]\w*[./(]\w/.test(text) || text === '' ? text : `${text[0]?.toUpperCase()}${text.slice(1)}`
}

/** A sentence that ends in exactly one full stop (or its own mark). */
export function endSentence(text: string): string {
  const trimmed = text.trimEnd()
  return trimmed === '' || /[.!?…:]$/.test(trimmed) ? trimmed : `${trimmed}.`
}
