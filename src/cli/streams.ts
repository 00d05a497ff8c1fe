/**
 * The streams and the environment of a run, as values: what is written where, how wide, in colour or not.
 * `process` has this shape, and so has a test's collector.
 */

/** The part of a stream that the command line needs; `process.stdout` and a test's collector both have it. */
export type OutStream = {
  write(text: string, done?: (error?: Error | null) => void): boolean
  on?(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
  /** The file behind it, where there is one. */
  readonly fd?: number
  readonly isTTY?: boolean
  readonly columns?: number
}

export type CliIo = {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdout: OutStream
  readonly stderr: OutStream
}

const DEFAULT_WIDTH = 100
const NARROWEST = 40
const WIDEST = 140

/** COLUMNS, else the terminal's own width, else 100; lines longer than 140 columns help no one. */
export function chooseWidth(io: Pick<CliIo, 'env' | 'stdout'>): number {
  const asked = Number(io.env.COLUMNS)
  const columns = Number.isInteger(asked) && asked > 0 ? asked : (io.stdout.columns ?? DEFAULT_WIDTH)
  return Math.min(WIDEST, Math.max(NARROWEST, columns))
}

/** --no-color and NO_COLOR win; FORCE_COLOR next; else colour only where a person looks at a terminal. */
export function wantsColor(io: Pick<CliIo, 'env'>, stream: OutStream, noColor: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = io.env
  if (noColor || (NO_COLOR !== undefined && NO_COLOR !== '')) return false
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return stream.isTTY === true && TERM !== 'dumb'
}

/** Resolves when the stream has taken the text, or can take no more (a reader that went away is no failure). */
export function writeAll(stream: OutStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (text === '') resolve()
    else stream.write(text, () => resolve())
  })
}
