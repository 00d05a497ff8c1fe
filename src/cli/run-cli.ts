/**
 * One run of the command line: argv → command → printed outcome → exit code. Never throws and never exits: what goes
 * wrong is printed as an error of the catalogue, in the JSON envelope where --json stands anywhere in argv.
 * Enters: deps, streams, environment. Leaves: the exit code, after everything was written.
 */
import { CommanderError } from 'commander'
import { type ExitCode, type Fault, fault } from '../base/errors.ts'
import { ok, type Result } from '../base/result.ts'
import type { SchemaName } from '../model/contract.ts'
import { escapeControls } from '../render/text.ts'
import { mayHaveConfig } from './config/find-config.ts'
import type { CommandContext } from './context.ts'
import type { CliDeps } from './deps.ts'
import { type LogFormat, type LogLevel, openLogger } from './logger.ts'
import { printFailure } from './print-envelope.ts'
import { buildProgram } from './program.ts'
import { openProgress } from './progress.ts'
import { type CliIo, chooseWidth, wantsColor } from './streams.ts'
import { makeTheme } from './theme.ts'

type CommonOptions = {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly color: boolean
  readonly progress?: boolean
  readonly timeout?: number
  readonly logLevel?: LogLevel
  readonly logFormat?: LogFormat
}

export async function runCli(deps: CliDeps, io: CliIo, signal: AbortSignal): Promise<ExitCode> {
  const width = chooseWidth(io)
  let exitCode: ExitCode = 0
  let config: Result<readonly string[]> = ok([])
  const hasConfig = mayHaveConfig(io)
  const program = await buildProgram({
    version: deps.version,
    io,
    width,
    hasConfig,
    run: async (common, action) => {
      if (!config.ok) {
        exitCode = await fail(config.error)
        return
      }
      const context = makeContext(deps, io, signal, width, common as CommonOptions)
      const startMs = performance.now()
      context.logger.log('debug', 'run', {
        command: guessSchema(io.argv, program.commands),
        version: deps.version,
        width,
        config: config.value.join(' ') || undefined,
      })
      try {
        exitCode = await action(context)
        context.logger.log('debug', 'done', { exitCode, durationMs: Math.round(performance.now() - startMs) })
      } finally {
        context.progress.close()
      }
    },
  })
  program.hook('preAction', async (_program, command) => {
    if (!hasConfig) return
    const { applyConfig } = await import('./config/apply-config.ts')
    config = applyConfig(command, io)
  })
  function fail(error: Fault): Promise<ExitCode> {
    const { json, color } = program.opts<CommonOptions>()
    const theme = makeTheme(wantsColor(io, io.stderr, !color || io.argv.includes('--no-color')))
    const schema = guessSchema(io.argv, program.commands)
    return printFailure(io, { error, json: json === true || asksForJson(io.argv), schema, theme, width })
  }
  try {
    await program.parseAsync([...io.argv], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const failure = error instanceof CommanderError ? describeUsage(error) : describeInternal(error)
    if (!(error instanceof CommanderError) && asksForDebug(io)) {
      const stack = String(error instanceof Error ? error.stack : error)
      io.stderr.write(`${stack.split('\n').map(escapeControls).join('\n')}\n`)
    }
    return fail(failure)
  }
}

function makeContext(
  deps: CliDeps,
  io: CliIo,
  signal: AbortSignal,
  width: number,
  common: CommonOptions,
): CommandContext {
  const logger = openLogger({
    stream: io.stderr,
    level: common.logLevel ?? 'warn',
    format: common.logFormat ?? 'logfmt',
    now: () => new Date().toISOString(),
  })
  const progress = openProgress({
    stream: io.stderr,
    mode:
      common.quiet === true ? 'off' : io.stderr.isTTY === true ? 'rewrite' : common.progress === true ? 'lines' : 'off',
    width: io.stderr.columns ?? width,
    nowMs: () => performance.now(),
  })
  return {
    io,
    deps,
    settings: {
      json: common.json === true,
      quiet: common.quiet === true,
      ...(common.timeout === undefined ? {} : { timeoutNs: common.timeout }),
    },
    logger,
    progress,
    theme: makeTheme(wantsColor(io, io.stdout, !common.color)),
    width,
    signal,
  }
}

/** Flags that stand before `--`, whatever command they belong to. */
function flagsOf(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--')
  return end === -1 ? argv : argv.slice(0, end)
}

function asksForJson(argv: readonly string[]): boolean {
  return flagsOf(argv).includes('--json')
}

function asksForDebug({ argv, env }: CliIo): boolean {
  const flags = flagsOf(argv)
  const at = flags.indexOf('--log-level')
  return flags.includes('--log-level=debug') || flags[at + 1] === 'debug' || env.SIGHTLINE_LOG_LEVEL === 'debug'
}

/** `sightline.diagnose/v1` where the command is known, else `sightline.error/v1`. */
function guessSchema(argv: readonly string[], commands: readonly { name(): string }[]): SchemaName {
  const name = argv.find((word) => commands.some((command) => command.name() === word))
  return `sightline.${name ?? 'error'}/v1`
}

function describeUsage(error: CommanderError): Fault {
  // What was given to these may be a secret: it is not repeated.
  const text = error.message
    .replace(/^error: /, '')
    .replace(/(option '[^']*--(?:header|bearer|user)\b[^']*' (?:argument|value)) '.*?'(?= (?:is|from))/s, '$1')
  if (/ from env '/.test(text)) return fault('SL_CLI_BAD_CONFIG', { message: text })
  const message = error.code === 'commander.help' ? 'No command was given' : escapeControls(text.replaceAll('\n', ' '))
  return fault('SL_CLI_USAGE', { message })
}

function describeInternal(error: unknown): Fault {
  return fault('SL_CLI_INTERNAL', {
    message: `Sightline itself failed: ${error instanceof Error ? error.message : String(error)}`,
  })
}
