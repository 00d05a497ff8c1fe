/**
 * JSON of strangers, read within bounds: size, depth, and cut told apart from broken.
 * Enters: bytes. Leaves: the value and how many integers in it are past 2^53, or a fault with an offset.
 */
import { fault, type JsonValue } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import { formatSize } from '../base/units.ts'
import { looksLikeHtml } from './looks-like-html.ts'

export type JsonLimits = { readonly maxBytes: number; readonly maxDepth: number }

export const DEFAULT_JSON_LIMITS: JsonLimits = { maxBytes: 64 * 1024 * 1024, maxDepth: 200 }

export type JsonDocument = { readonly value: JsonValue; readonly inexactIntegers: number }

export function parseJsonText(bytes: Uint8Array, limits: JsonLimits = DEFAULT_JSON_LIMITS): Result<JsonDocument> {
  if (bytes.length === 0) return err(fault('SL_DECODE_EMPTY', { detail: { offset: 0 } }))
  if (bytes.length > limits.maxBytes) {
    const message = `The JSON takes ${formatSize(bytes.length)}, the limit is ${formatSize(limits.maxBytes)}`
    return err(fault('SL_DECODE_TOO_LARGE', { message, detail: { offset: limits.maxBytes } }))
  }
  if (looksLikeHtml(bytes)) return err(fault('SL_DECODE_HTML', { detail: { offset: 0 } }))
  const text = new TextDecoder().decode(bytes)
  const shape = scanJson(text, limits.maxDepth)
  if (shape.tooDeepAt !== undefined) {
    const message = `The JSON is nested deeper than ${limits.maxDepth} levels`
    return err(fault('SL_DECODE_MALFORMED', { message, detail: { offset: shape.tooDeepAt } }))
  }
  try {
    return ok({ value: JSON.parse(text) as JsonValue, inexactIntegers: shape.inexactIntegers })
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    if (shape.isOpen) {
      const message = 'The JSON ends before it is closed'
      return err(fault('SL_DECODE_TRUNCATED', { message, detail: { offset: text.length } }))
    }
    const offset = Number(/position (\d+)/.exec(error.message)?.[1] ?? 0)
    return err(
      fault('SL_DECODE_MALFORMED', { message: `The input is not JSON (at character ${offset})`, detail: { offset } }),
    )
  }
}

type Shape = { readonly isOpen: boolean; readonly tooDeepAt: number | undefined; readonly inexactIntegers: number }

/** Strings, brackets and long numbers: enough to bound the depth and to see a cut. */
function scanJson(text: string, maxDepth: number): Shape {
  let depth = 0
  let inString = false
  let digits = 0
  let inexactIntegers = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (inString) {
      if (char === 0x5c) at++
      else if (char === 0x22) inString = false
      continue
    }
    if (char >= 0x30 && char <= 0x39) {
      digits++
      continue
    }
    if (digits >= 16 && isInexact(text, at, digits)) inexactIntegers++
    digits = 0
    if (char === 0x22) inString = true
    else if (char === 0x7b || char === 0x5b) {
      depth++
      if (depth > maxDepth) return { isOpen: true, tooDeepAt: at, inexactIntegers }
    } else if (char === 0x7d || char === 0x5d) depth--
  }
  return { isOpen: inString || depth > 0, tooDeepAt: undefined, inexactIntegers }
}

/** The digits that end before `end` are an integer (no fraction, no exponent) that a double cannot hold. */
function isInexact(text: string, end: number, digits: number): boolean {
  if (text[end] === '.' || text[end] === 'e' || text[end] === 'E') return false
  const from = end - digits
  if (text[from - 1] === '.' || /[eE][+-]?$/.test(text.slice(Math.max(0, from - 2), from))) return false
  if (digits > 20) return true
  const exact = BigInt(text.slice(from, end))
  return BigInt(Number(exact)) !== exact
}
