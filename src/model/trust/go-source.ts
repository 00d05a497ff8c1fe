/**
 * Go source as columns: a syntax tree per file, in pre-order, and what is known of its names and types.
 * Two tiers fill the same columns: (a) by syntax, with a scope table and the signatures of well-known packages;
 * (b) by the user's own Go toolchain, whose typed facts are laid over the same nodes by position. Rules read both alike;
 * `certainty` says which it was. Kinds and fields are those of tree-sitter-go.
 *
 *   files ─► GoSyntax ─► names, types (a, then b) ─► GoPackage ─► audit rules
 */

/** One file's tree. Nodes are numbered in pre-order: node 0 is the file; the children of n begin at n + 1. */
export type GoSyntax = {
  /** Relative to the directory that was asked for, with forward slashes. */
  readonly path: string
  readonly text: string
  /** UTF-16 offset of each line's first character. */
  readonly lineStarts: Uint32Array
  readonly nodeCount: number
  /** Index of `kindNames`; named nodes, and unnamed ones that fill a field (operators). */
  readonly kinds: Uint16Array
  /** Index of `fieldNames`; 0 = none. */
  readonly fields: Uint8Array
  /** -1 for the file itself. */
  readonly parents: Int32Array
  /** First node after the subtree of n. */
  readonly after: Uint32Array
  /** UTF-16 offsets. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly kindNames: readonly string[]
  readonly fieldNames: readonly string[]
  /** Places that are not Go, as nodes: ERROR and MISSING. */
  readonly errors: readonly number[]
}

/** A position for people: line and column from 1, columns in bytes as Go's own tools print them. */
export type GoPosition = { readonly line: number; readonly column: number }

export const goCertainties = ['unknown', 'inferred', 'typed'] as const

export type GoSymbolKind =
  | 'package'
  | 'function'
  | 'method'
  | 'variable'
  | 'parameter'
  | 'constant'
  | 'type'
  | 'field'
  | 'label'
  | 'builtin'

export type GoSymbol = {
  readonly kind: GoSymbolKind
  readonly name: string
  /** As Go's tools write it, import path and all: `net/http.Get`, `(*net/http.Client).Do`, `example.com/x.T`; absent for
   *  local variables and for what could not be resolved. For an imported package its import path. */
  readonly qualified?: string
  /** Where it is declared, when that is in this package. */
  readonly file?: number
  readonly node?: number
  /** Index of the package's `types`; 0 = unknown. */
  readonly type: number
}

export type GoFile = {
  readonly syntax: GoSyntax
  readonly isTest: boolean
  /** `// Code generated … DO NOT EDIT.` */
  readonly isGenerated: boolean
  /** Of `//go:build`, as written. */
  readonly buildConstraint?: string
  readonly imports: readonly { readonly name: string; readonly path: string; readonly node: number }[]
  // One place per node:
  /** What an identifier, a selector or a called function means: index of `symbols`; -1 = unknown. */
  readonly symbols: Int32Array
  /** Type of an expression: index of `types`; 0 = unknown. */
  readonly types: Int32Array
  /** Index of goCertainties. */
  readonly certainty: Uint8Array
}

export type GoPackage = {
  /** Relative directory; '' is the root. */
  readonly directory: string
  readonly name: string
  /** Absent outside a module. */
  readonly importPath?: string
  readonly module?: GoModule
  readonly files: readonly GoFile[]
  readonly symbols: readonly GoSymbol[]
  /** Types as Go writes them with whole import paths: `context.Context`, `*net/http.Request`, `(context.Context, go.opentelemetry.io/otel/trace.Span)`. Index 0 is ''. */
  readonly types: readonly string[]
  /** Of `types`, those that can be used as context.Context and as net/http.Handler: known with typed facts only. */
  readonly contextTypes?: readonly string[]
  readonly handlerTypes?: readonly string[]
}

export type GoModule = {
  readonly path: string
  /** Relative directory of its go.mod. */
  readonly directory: string
  /** `1.22` of the go line; absent: before 1.16 by Go's rule. */
  readonly goVersion?: string
  readonly requires: readonly { readonly path: string; readonly version: string; readonly indirect: boolean }[]
}

/** Text of a node. */
export function textOf(syntax: GoSyntax, node: number): string {
  return syntax.text.slice(syntax.starts[node], syntax.ends[node])
}

export function kindOf(syntax: GoSyntax, node: number): string {
  return syntax.kindNames[syntax.kinds[node] as number] ?? ''
}

/** Children, in order. */
export function* childrenOf(syntax: GoSyntax, node: number): Generator<number, void> {
  const end = syntax.after[node] as number
  for (let child = node + 1; child < end; child = syntax.after[child] as number) yield child
}

/** The child that fills a field; undefined when there is none. */
export function childAt(syntax: GoSyntax, node: number, field: string): number | undefined {
  const wanted = syntax.fieldNames.indexOf(field)
  if (wanted <= 0) return undefined
  const end = syntax.after[node] as number
  for (let child = node + 1; child < end; child = syntax.after[child] as number) {
    if (syntax.fields[child] === wanted) return child
  }
  return undefined
}

/** The nearest node above of one of the kinds; undefined when there is none. */
export function enclosing(syntax: GoSyntax, node: number, kinds: readonly string[]): number | undefined {
  for (let at = syntax.parents[node] as number; at >= 0; at = syntax.parents[at] as number) {
    if (kinds.includes(kindOf(syntax, at))) return at
  }
  return undefined
}

/** Where the node begins. */
export function positionOf(syntax: GoSyntax, node: number): GoPosition {
  const offset = syntax.starts[node] as number
  const { lineStarts, text } = syntax
  let low = 0
  let high = lineStarts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((lineStarts[middle] as number) <= offset) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: countBytes(text, lineStarts[low] as number, offset) + 1 }
}

function countBytes(text: string, from: number, to: number): number {
  let bytes = 0
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at)
    // A surrogate pair is four bytes: three for its first half, one for its second.
    if (code < 0x80) bytes += 1
    else if (code < 0x800) bytes += 2
    else if (code >= 0xdc00 && code < 0xe000) bytes += 1
    else bytes += 3
  }
  return bytes
}
