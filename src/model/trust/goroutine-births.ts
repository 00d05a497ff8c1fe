/**
 * Where goroutines were made, as an execution trace or a goroutine dump shows it: places of go statements, with how often
 * and from where. What a runtime knows of a place in the source without any span.
 */
export type GoroutineBirth = {
  /** Frames of the maker from the go statement outwards, at most a few. */
  readonly frames: readonly { readonly function: string; readonly file: string; readonly line: number }[]
  /** In a trace goroutines made in its window; in a dump those that live. */
  readonly count: number
  /** The maker served a request at that moment: its stack says so. Absent where the stack is not known. */
  readonly inHandler?: boolean
  readonly source: string
  readonly from: 'trace' | 'goroutine'
  /** A goroutine that was made so. */
  readonly example: number
}
