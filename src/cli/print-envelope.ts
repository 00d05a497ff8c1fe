/**
 * The one way a command's result leaves the program: the JSON envelope, or text, or Markdown on stdout; the HTML report
 * in its file; the error in one form on stderr. Leaves the exit code. Nothing else in `cli` writes to stdout.
 */
import { type ExitCode, errorCatalogue, type Fault } from '../base/errors.ts'
import { emptyCoverage, makeEnvelope, type SchemaName } from '../model/contract.ts'
import type { Report } from '../model/report.ts'
import { renderFault } from '../render/terminal-fault.ts'
import { printJson } from '../render/text.ts'
import type { Theme } from '../render/theme.ts'
import type { CommandContext } from './context.ts'
import { decideExitCode, type ExitPolicy } from './exit-code.ts'
import { writeFileWhole } from './save.ts'
import { type OutStream, writeAll } from './streams.ts'

export type Outcome<T> = {
  readonly schema: SchemaName
  readonly report: Report<T>
  readonly policy?: ExitPolicy
  /** For people; not asked for under --json or --quiet. */
  readonly text: (options: { readonly width: number; readonly theme: Theme }) => string
  readonly markdown?: () => string
  readonly html?: { readonly path: string; readonly render: () => string }
}

export async function printOutcome<T>(context: CommandContext, outcome: Outcome<T>): Promise<ExitCode> {
  const { io, settings, theme, width } = context
  const { report } = outcome
  context.progress.close()
  const unwritten =
    outcome.html === undefined ? undefined : await writeFileWhole(io.cwd, outcome.html.path, outcome.html.render())
  const error = report.error ?? unwritten
  if (settings.json) {
    const { data, findings, issues, coverage } = report
    const envelope = makeEnvelope(outcome.schema, {
      data,
      findings,
      issues,
      coverage,
      ...(error === undefined ? {} : { error }),
    })
    await writeAll(io.stdout, `${printJson(envelope, 2)}\n`)
  } else {
    if (!settings.quiet) await writeAll(io.stdout, outcome.markdown?.() ?? outcome.text({ width, theme }))
    if (error !== undefined) printFault(context, error)
    else if (outcome.html !== undefined && !settings.quiet)
      await writeAll(io.stderr, `HTML report: ${outcome.html.path}\n`)
  }
  return decideExitCode({ ...report, ...(error === undefined ? {} : { error }) }, outcome.policy)
}

/** The outcome of a command that could not begin its job. */
export function failedOutcome(schema: SchemaName, error: Fault): Outcome<object> {
  const { exitCode } = errorCatalogue[error.code]
  return {
    schema,
    report: { data: {}, findings: [], issues: [], coverage: emptyCoverage, error, exitCode },
    text: () => '',
  }
}

/** A failure before there is any result: usage, configuration, our own. `schema` names the command where one is known. */
export async function printFailure(
  io: { readonly stdout: OutStream; readonly stderr: OutStream },
  failure: {
    readonly error: Fault
    readonly json: boolean
    readonly schema: SchemaName
    readonly theme: Theme
    readonly width: number
  },
): Promise<ExitCode> {
  const { error, json, schema, theme, width } = failure
  if (json) await writeAll(io.stdout, `${printJson(makeEnvelope(schema, { data: {}, error }), 2)}\n`)
  else await writeAll(io.stderr, renderFault(error, { theme, width }))
  return decideExitCode({ exitCode: 0, error, findings: [] })
}

function printFault({ io, theme, width }: CommandContext, error: Fault): void {
  io.stderr.write(renderFault(error, { theme, width }))
}
