/**
 * What the user's own Go toolchain says of a package's names and types (tier b), as it comes from assets/gofacts: plain
 * data with typed arrays, so that it can go to another thread. decode/go-source/typed-facts.ts reads it and lays it over
 * a GoPackage.
 */
import type { GoSymbolKind } from './go-source.ts'

export type TypedSymbol = {
  readonly kind: GoSymbolKind
  readonly name: string
  readonly qualified?: string
  /** Index of `types`. */
  readonly type: number
  /** Index of `files` and byte offset of its name, where it is declared in this package. */
  readonly file?: number
  readonly at?: number
}

export type TypedFile = {
  /** As go list said it at first; then relative to the directory that was asked for, with forward slashes. */
  readonly path: string
  readonly sizeBytes: number
  /** Fours: distance of the start from the start before, length, symbol + 1 or 0, type. Bytes. Starts do not fall; at
   *  one start the longest comes first. */
  readonly facts: Int32Array
}

export type TypedPackage = {
  readonly importPath: string
  readonly name: string
  /** Index 0 is ''. */
  readonly types: readonly string[]
  /** Indexes of `types` that can be used as context.Context, as net/http.Handler. */
  readonly contextTypes: readonly number[]
  readonly handlerTypes: readonly number[]
  readonly symbols: readonly TypedSymbol[]
  readonly files: readonly TypedFile[]
  /** Identifiers, selectors, calls and other expressions; those of them that have a type or a meaning. */
  readonly expressions: number
  readonly typed: number
}

export type TypedProblem = {
  readonly package?: string
  readonly at?: string
  readonly message: string
  readonly phase: 'list' | 'parse' | 'types'
}
