/**
 * Labels as the three printers write them: Go 1.27 after the bracket (` {op: "a b", tenant: acme}`, quoted only when
 * needed), Go 1.26 inside it (` labels:{"k": "v"}`, always quoted), debug=1 (`# labels: {"k":"v"}`, Go's %q).
 * Sources: goroutineheader in runtime/traceback.go, printquoted in runtime/print.go, labelMap.String in
 * runtime/pprof/label.go. Enters: the text between the braces. Leaves: pairs in the order printed, or undefined.
 */

/** Undefined when the text is no label list; the pairs otherwise, later ones of one key last. */
export function parseLabels(text: string): [string, string][] | undefined {
  const pairs: [string, string][] = []
  let at = 0
  if (text.trim() === '') return pairs
  while (at <= text.length) {
    const key = readToken(text, at, ':')
    if (key === undefined || text[key.end] !== ':') return undefined
    at = key.end + 1
    if (text[at] === ' ') at += 1
    const value = readToken(text, at, ',')
    if (value === undefined) return undefined
    pairs.push([key.value, value.value])
    if (value.end === text.length) return pairs
    if (text[value.end] !== ',') return undefined
    at = value.end + 1
    if (text[at] === ' ') at += 1
  }
  return undefined
}

type Token = { readonly value: string; readonly end: number }

/** A quoted token, or a bare one up to `stop`. Bare ones hold only letters, digits, `.`, `/` and `_`, or nothing. */
function readToken(text: string, from: number, stop: ':' | ','): Token | undefined {
  if (text[from] === '"') return readQuoted(text, from + 1)
  let end = from
  while (end < text.length && text[end] !== stop && text[end] !== '"') end += 1
  return { value: text.slice(from, end), end }
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '"': 34,
  "'": 39,
}
const HEX_ESCAPES: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/** From behind the opening quote. `\xNN` are bytes, so the token is put together as bytes and read as UTF-8. */
function readQuoted(text: string, from: number): Token | undefined {
  const close = findClosingQuote(text, from)
  if (close === undefined) return undefined
  const raw = text.slice(from, close)
  if (!raw.includes('\\')) return { value: raw, end: close + 1 }
  const encoder = new TextEncoder()
  const bytes: number[] = []
  let at = 0
  while (at < raw.length) {
    const next = raw.indexOf('\\', at)
    const plainEnd = next < 0 ? raw.length : next
    for (const byte of encoder.encode(raw.slice(at, plainEnd))) bytes.push(byte)
    if (next < 0) break
    const letter = raw[next + 1] ?? ''
    const simple = SIMPLE_ESCAPES[letter]
    const digits = HEX_ESCAPES[letter]
    if (simple !== undefined) {
      bytes.push(simple)
      at = next + 2
    } else if (digits !== undefined) {
      const hex = raw.slice(next + 2, next + 2 + digits)
      if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex)) return undefined
      const code = Number.parseInt(hex, 16)
      if (letter === 'x') bytes.push(code)
      else if (code > 0x10ffff) return undefined
      else for (const byte of encoder.encode(String.fromCodePoint(code))) bytes.push(byte)
      at = next + 2 + digits
    } else return undefined
  }
  return { value: new TextDecoder().decode(Uint8Array.from(bytes)), end: close + 1 }
}

function findClosingQuote(text: string, from: number): number | undefined {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '"') return at
  }
  return undefined
}
