/**
 * What a row of the idle table is: a stack that waits by design for work that may never come.
 * A goroutine that waits for an answer it has asked for (a response, a pooled connection, a lock) is not idle,
 * however long it waits. Each row names the upstream file and function it was read from.
 * The families of rows are one file each; registry.ts puts them together; match.ts applies them.
 */

export type IdleSource = {
  /** Go module path, or `std`. */
  readonly module: string
  readonly file: string
  readonly function: string
  /** Versions of the module in which the frames were read or seen. */
  readonly versions: string
}

export type IdlePattern = {
  readonly id: string
  readonly summary: string
  /** Wait reasons as a dump prints them: the row applies in these only. */
  readonly reasons: readonly string[]
  /**
   * Functions, leaf first, as canonical names (see names.ts). The first must be the leaf-most frame that is not
   * the plumbing of waiting and reading (see plumbing.ts); between two listed frames only plumbing may lie, unless
   * `...` stands between them. Anything may follow the last. `a|b` lists alternatives; `*` (except in `(*T)`)
   * stands for any characters but `/`, `**` for any at all.
   */
  readonly frames: readonly string[]
  /** Any of these anywhere in the stack: the row does not apply. */
  readonly notFrames?: readonly string[]
  /** Where the frames alone do not tell: the function in the `created by` line. */
  readonly createdBy?: string
  /** `named`: read from one library. `shape`: inferred from the form of a stack, `possible` at most `probable`. */
  readonly strength: 'named' | 'shape'
  /** Why the same stack can also be a wait that is not idle; absent where it cannot. */
  readonly ambiguous?: string
  /** False while no real dump in testdata/idle shows the row firing. */
  readonly seen?: false
  readonly source: IdleSource
}

/** One goroutine, or one group of goroutines with the same stack. */
export type IdleSubject = {
  readonly waitReason: string
  /** Leaf first, as printed in the dump. */
  readonly functions: readonly string[]
  readonly createdBy?: string
}

/** A family file lists its rows without what is the same in all of them. */
export type NamedRow = Omit<IdlePattern, 'strength'>

export function nameRows(rows: readonly NamedRow[]): readonly IdlePattern[] {
  return rows.map((row) => ({ ...row, strength: 'named' }))
}

/** A library of which many functions wait at their own top: what its rows share. */
export type IdleLibrary = {
  readonly module: string
  /** Import path of the root package, canonical (no major version); the module where absent. */
  readonly package?: string
  readonly versions: string
}

/**
 * id, summary, wait reasons, function, file, and why it is ambiguous where it is. Reasons and functions separate alternatives by `|`; a function is
 * relative to the package: `(*Conn).flusher`, `/jetstream.(*pullSubscription).pullMessages`.
 */
export type LoopRow = readonly [
  id: string,
  summary: string,
  reasons: string,
  loop: string,
  file: string,
  ambiguous?: string,
]

/** Rows of the commonest form: one function is the leaf-most frame, and its own wait is the idle one. */
export function nameLoops(library: IdleLibrary, loops: readonly LoopRow[]): readonly IdlePattern[] {
  const root = library.package ?? library.module
  return loops.map(([id, summary, reasons, loop, file, ambiguous]) => {
    const names = loop.split('|').map((name) => (name.startsWith('/') ? root + name : `${root}.${name}`))
    return {
      id,
      summary,
      reasons: reasons.split('|'),
      frames: [names.join('|')],
      strength: 'named',
      ...(ambiguous === undefined ? {} : { ambiguous }),
      source: { module: library.module, file, function: names[0] as string, versions: library.versions },
    }
  })
}
