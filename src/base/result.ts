/**
 * Errors as values: a Result is either a value or a fault, never both.
 * Enters: nothing. Leaves: the one result type that every room returns for what a user can cause.
 * Model: `packages/utils/src/lib/control.ts` in tldraw/tldraw. Not for use per varint in a decoder
 * (4 ns a call): decoders throw a private fault inside and catch it in their one exported function.
 */
import type { Fault } from './errors.ts'

export type Ok<T> = { readonly ok: true; readonly value: T }
export type Err<E> = { readonly ok: false; readonly error: E }
export type Result<T, E = Fault> = Ok<T> | Err<E>

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value }
}

export function err<E>(error: E): Err<E> {
  return { ok: false, error }
}

/** For `default:` branches: the compiler proves that every case was handled. */
export function exhausted(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`)
}
