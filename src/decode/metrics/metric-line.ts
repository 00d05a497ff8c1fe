/**
 * One line of Prometheus text or OpenMetrics: a sample with labels, timestamp and exemplar, or a comment with meaning.
 * Enters: the line without its end. Leaves: its parts, or the reason why it is not one (thrown as `LineFault`,
 * caught by the decoder of the whole, which turns it into an issue with the line's number).
 * Grammar: prometheus.io/docs/instrumenting/exposition_formats, OpenMetrics 1.0, quoted UTF-8 names of Prometheus 3.
 */
import type { Exemplar, MetricSample } from '../../model/metrics.ts'

export class LineFault extends Error {}

/** `HELP`, `TYPE` or `UNIT` of a family; other comments are undefined. */
export type Comment = { readonly keyword: 'HELP' | 'TYPE' | 'UNIT'; readonly name: string; readonly text: string }

type Line = { readonly text: string; at: number }

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y
const WORD = /[^ \t]+/y
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const INFINITY = /^([+-]?)inf(?:inity)?$/i

/** Reads `# HELP name text` and its kin. */
export function parseComment(text: string): Comment | undefined {
  const line: Line = { text, at: 1 }
  skipBlanks(line)
  const keyword = takeMatch(line, WORD)
  if (keyword !== 'HELP' && keyword !== 'TYPE' && keyword !== 'UNIT') return undefined
  skipBlanks(line)
  const name = takeName(line, NAME, 'metric name')
  if (line.at < text.length && !isBlank(text, line.at)) throw new LineFault('invalid metric name in comment')
  skipBlanks(line)
  const rest = text.slice(line.at)
  return { keyword, name, text: keyword === 'HELP' ? unescapeHelp(rest) : rest.trimEnd() }
}

/** Reads a sample. Timestamps are milliseconds in Prometheus text, seconds in OpenMetrics; only that has exemplars. */
export function parseSample(text: string, isOpenMetrics: boolean): MetricSample {
  const line: Line = { text, at: 0 }
  skipBlanks(line)
  const labels: Record<string, string> = {}
  let name = text[line.at] === '{' ? undefined : takeName(line, NAME, 'metric name')
  skipBlanks(line)
  if (text[line.at] === '{') {
    line.at++
    const inner = takeLabels(line, labels, name === undefined)
    name = name ?? inner
    skipBlanks(line)
  }
  if (name === undefined) throw new LineFault('no metric name')
  const value = takeValue(line, 'value')
  skipBlanks(line)
  let timeNs: bigint | undefined
  let exemplar: Exemplar | undefined
  if (line.at < text.length && !(isOpenMetrics && text[line.at] === '#')) {
    timeNs = takeTime(line, isOpenMetrics)
    skipBlanks(line)
  }
  if (isOpenMetrics && text[line.at] === '#') {
    line.at++
    exemplar = takeExemplar(line)
    skipBlanks(line)
  }
  if (line.at < text.length) throw new LineFault(`unexpected text after the sample: ${quoteShort(text.slice(line.at))}`)
  return {
    name,
    labels,
    value,
    ...(timeNs === undefined ? {} : { timeNs }),
    ...(exemplar === undefined ? {} : { exemplar }),
  }
}

/** After `{`, up to and with `}`. Returns the metric name where it stands inside the braces. */
function takeLabels(line: Line, labels: Record<string, string>, mayHoldName: boolean): string | undefined {
  let name: string | undefined
  for (;;) {
    skipBlanks(line)
    if (line.text[line.at] === '}') break
    const wasQuoted = line.text[line.at] === '"'
    const label = takeName(line, LABEL_NAME, 'label name')
    skipBlanks(line)
    if (line.text[line.at] === '=') {
      line.at++
      skipBlanks(line)
      if (line.text[line.at] !== '"') throw new LineFault(`the value of label ${quoteShort(label)} is not quoted`)
      const value = takeQuoted(line)
      if (label === '__name__') throw new LineFault('the label name __name__ is reserved')
      if (Object.hasOwn(labels, label)) throw new LineFault(`the label ${quoteShort(label)} stands twice`)
      setLabel(labels, label, value)
    } else if (mayHoldName && wasQuoted && name === undefined) {
      name = label
    } else throw new LineFault(`no = after label name ${quoteShort(label)}`)
    skipBlanks(line)
    const next = line.text[line.at]
    if (next === ',') line.at++
    else if (next !== '}') throw new LineFault('labels are not closed by }')
  }
  line.at++
  return name
}

/** `__proto__` is a legal label name and must not reach the object's prototype. */
function setLabel(labels: Record<string, string>, name: string, value: string): void {
  if (name !== '__proto__') labels[name] = value
  else Object.defineProperty(labels, name, { value, enumerable: true, configurable: true, writable: true })
}

function takeExemplar(line: Line): Exemplar {
  skipBlanks(line)
  if (line.text[line.at] !== '{') throw new LineFault('an exemplar does not begin with {')
  line.at++
  const labels: Record<string, string> = {}
  takeLabels(line, labels, false)
  skipBlanks(line)
  const value = takeValue(line, 'exemplar value')
  skipBlanks(line)
  if (line.at >= line.text.length) return { labels, value }
  return { labels, value, timeNs: takeTime(line, true) }
}

function takeName(line: Line, bare: RegExp, what: string): string {
  if (line.text[line.at] === '"') {
    const quoted = takeQuoted(line)
    if (quoted === '') throw new LineFault(`an empty ${what}`)
    return quoted
  }
  const found = takeMatch(line, bare)
  if (found === undefined) throw new LineFault(`invalid ${what} at ${quoteShort(line.text.slice(line.at))}`)
  return found
}

/** A string in quotes; the escapes are \\ \" and \n, others are refused. */
function takeQuoted(line: Line): string {
  const { text } = line
  const from = line.at + 1
  let at = from
  let out: string | undefined
  let copied = from
  for (;;) {
    if (at >= text.length) throw new LineFault('a quoted string is not closed')
    const char = text.charCodeAt(at)
    if (char === 0x22) break
    if (char === 0x5c) {
      const escaped = ESCAPES[text[at + 1] ?? '']
      if (escaped === undefined) throw new LineFault(`invalid escape ${quoteShort(text.slice(at, at + 2))}`)
      out = (out ?? '') + text.slice(copied, at) + escaped
      at += 2
      copied = at
    } else at++
  }
  line.at = at + 1
  return out === undefined ? text.slice(from, at) : out + text.slice(copied, at)
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', '"': '"', n: '\n' }

function unescapeHelp(text: string): string {
  return text.includes('\\') ? text.replace(/\\([\\n"])/g, (_, char: string) => ESCAPES[char] ?? char) : text
}

function takeValue(line: Line, what: string): number {
  const word = takeMatch(line, WORD)
  const value = word === undefined ? undefined : parseFloat64(word)
  if (value === undefined) throw new LineFault(`the ${what} is not a number: ${quoteShort(word ?? '')}`)
  return value
}

/** As Go's strconv.ParseFloat, without hexadecimal and underscores; out of range is refused, not infinite. */
function parseFloat64(word: string): number | undefined {
  if (DECIMAL.test(word)) {
    const value = Number(word)
    return Number.isFinite(value) ? value : undefined
  }
  const infinite = INFINITY.exec(word)
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity
  return /^nan$/i.test(word) ? NaN : undefined
}

function takeTime(line: Line, isSeconds: boolean): bigint {
  const word = takeMatch(line, WORD) ?? ''
  const time = isSeconds ? parseSeconds(word) : parseMillis(word)
  if (time === undefined) throw new LineFault(`the timestamp is not a time: ${quoteShort(word)}`)
  return time
}

function parseMillis(word: string): bigint | undefined {
  if (!/^[+-]?\d{1,19}$/.test(word)) return undefined
  const millis = BigInt(word.startsWith('+') ? word.slice(1) : word)
  return BigInt.asIntN(64, millis) === millis ? millis * 1_000_000n : undefined
}

/** Decimal seconds, exact to the nanosecond unless written with an exponent. */
function parseSeconds(word: string): bigint | undefined {
  const plain = /^([+-]?)(\d{1,15})(?:\.(\d*))?$/.exec(word)
  if (plain !== null) {
    const ns = BigInt(plain[2] as string) * 1_000_000_000n + BigInt((plain[3] ?? '').slice(0, 9).padEnd(9, '0'))
    return plain[1] === '-' ? -ns : ns
  }
  const value = parseFloat64(word)
  return value === undefined || !Number.isFinite(value) || Math.abs(value) > 1e15
    ? undefined
    : BigInt(Math.round(value * 1e9))
}

function takeMatch(line: Line, pattern: RegExp): string | undefined {
  pattern.lastIndex = line.at
  const match = pattern.exec(line.text)
  if (match === null) return undefined
  line.at = pattern.lastIndex
  return match[0]
}

function skipBlanks(line: Line): void {
  while (isBlank(line.text, line.at)) line.at++
}

function isBlank(text: string, at: number): boolean {
  const char = text.charCodeAt(at)
  return char === 0x20 || char === 0x09
}

function quoteShort(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
