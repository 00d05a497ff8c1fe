/**
 * What every command is given: the streams, the environment, the common flags as values, the logger, progress, colour,
 * and the signal that ends it early. Made once per run by run-cli.ts; commands never look at `process`.
 */
import type { ProgressSink } from '../model/report.ts'
import type { Theme } from '../render/theme.ts'
import type { CliDeps } from './deps.ts'
import type { Logger } from './logger.ts'

/** The part of a stream that the command line needs; `process.stdout` and a test's collector both have it. */
export type OutStream = {
  write(text: string, done?: (error?: Error | null) => void): boolean
  on?(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
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

/** The common flags of CONTRACT section 1, as values. */
export type Settings = {
  readonly json: boolean
  readonly quiet: boolean
  readonly timeoutNs?: number
}

export type CommandContext = {
  readonly io: CliIo
  readonly deps: CliDeps
  readonly settings: Settings
  readonly logger: Logger
  readonly progress: ProgressSink & { close(): void }
  readonly theme: Theme
  /** Columns to print for. */
  readonly width: number
  /** Aborted by the first Ctrl-C: end gracefully, keep what was got. */
  readonly signal: AbortSignal
}

export const DEFAULT_WIDTH = 100
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
