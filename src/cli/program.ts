/**
 * The command table: every command that exists, in the order of --help. A command is one file that exports
 * `register<Name>`; what is not built yet is not listed. Parsing is commander's; it never exits and never prints errors.
 */
import { Command } from 'commander'
import { registerAudit } from './commands/audit.ts'
import { registerCapture } from './commands/capture.ts'
import { registerErrors, registerLenses, registerRules } from './commands/catalogue.ts'
import { registerDemo } from './commands/demo.ts'
import { registerDiagnose } from './commands/diagnose.ts'
import { registerDiff } from './commands/diff.ts'
import { registerGate } from './commands/gate.ts'
import { registerLedger } from './commands/ledger.ts'
import { registerTimeline } from './commands/timeline.ts'
import { registerTrust } from './commands/trust.ts'
import type { Runner } from './context.ts'
import { addCommonFlags } from './flags.ts'
import type { CliIo } from './streams.ts'

export type ProgramInput = {
  readonly version: string
  readonly io: CliIo
  readonly width: number
  readonly run: Runner
}

const registrations: readonly ((program: Command, run: Runner) => void)[] = [
  registerDemo,
  registerCapture,
  registerDiagnose,
  registerTimeline,
  registerTrust,
  registerAudit,
  registerLedger,
  registerGate,
  registerDiff,
  registerLenses,
  registerErrors,
  registerRules,
]

export function buildProgram({ version, io, width, run }: ProgramInput): Command {
  const program = new Command('sightline')
    .description('Finds what Go services wait on when pprof shows nothing, and which lens could have shown it.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true, helpWidth: width })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // Errors are printed once, by run-cli.ts.
      writeErr: () => {},
      outputError: () => {},
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
    })
    .addHelpText(
      'after',
      `
Examples:
  sightline demo                                    a recorded service in trouble, diagnosed
  sightline diagnose http://localhost:6060          a live Go service that serves net/http/pprof
  sightline capture http://localhost:6060 -o shop.slc && sightline diagnose shop.slc
  sightline diagnose goroutines.txt block.pb.gz     files that you have
  sightline timeline trace.bin                      where the time of an execution trace went
  sightline trust spans.json                        where trace context breaks, and why

Exit codes: 0 done, 1 --fail-on, 2 inconclusive, 3 partial, 64 usage, 65 bad data, 66 no input, 69 unavailable.

Settings: flags beat environment variables (SIGHTLINE_FAIL_ON for --fail-on), which beat ./sightline.yaml (or -c FILE),
which beats ~/.config/sightline/config.yaml. In a file, flags are named in camelCase, for every command or for one:
  failOn: high
  capture: {maxGoroutines: 50000, header: ['X-Tenant: a']}`,
    )
  addCommonFlags(program)
  for (const register of registrations) register(program, run)
  for (const command of program.commands) inheritSettings(command, program)
  return program
}

/** commander copies settings to a subcommand only when it is made through `program.command()` after they were set. */
function inheritSettings(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent)
  for (const child of command.commands) inheritSettings(child, command)
}
