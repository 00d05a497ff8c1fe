/**
 * What every command is given: the streams, the environment, the common flags as values, the logger, progress, colour,
 * and the signal that ends it early. Made once per run by run-cli.ts; commands never look at `process`.
 */
import type { ExitCode } from '../base/errors.ts'
import type { ProgressSink } from '../model/report.ts'
import type { Theme } from '../render/theme.ts'
import type { CliDeps } from './deps.ts'
import type { Logger } from './logger.ts'
import type { CliIo } from './streams.ts'

/** The common flags, as values. */
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

/** Runs a command's action with a context made of the common flags, and keeps its exit code. */
export type Runner = (common: object, action: (context: CommandContext) => Promise<ExitCode>) => Promise<void>
