/**
 * The command table: every command that exists, in the order of --help. A command is one file that exports
 * `register<Name>`; what is not built yet is not listed. Parsing is commander's; it never exits and never prints errors.
 * A command's file is loaded when it is wanted: all of them are 400 files, a third of the time in which a run starts.
 */
import { Command } from 'commander'
import type { Runner } from './context.ts'
import { addCommonFlags } from './flags.ts'
import type { CliIo } from './streams.ts'

export type ProgramInput = {
  readonly version: string
  readonly io: CliIo
  readonly width: number
  /** Settings of a file may apply, or are asked for. */
  readonly hasConfig: boolean
  readonly run: Runner
}

type Registration = (program: Command, run: Runner) => void

const registrations: Readonly<Record<string, () => Promise<Registration>>> = {
  demo: async () => (await import('./commands/demo.ts')).registerDemo,
  capture: async () => (await import('./commands/capture.ts')).registerCapture,
  diagnose: async () => (await import('./commands/diagnose.ts')).registerDiagnose,
  timeline: async () => (await import('./commands/timeline.ts')).registerTimeline,
  trust: async () => (await import('./commands/trust.ts')).registerTrust,
  audit: async () => (await import('./commands/audit.ts')).registerAudit,
  ledger: async () => (await import('./commands/ledger.ts')).registerLedger,
  gate: async () => (await import('./commands/gate.ts')).registerGate,
  diff: async () => (await import('./commands/diff.ts')).registerDiff,
  lenses: async () => (await import('./commands/catalogue.ts')).registerLenses,
  errors: async () => (await import('./commands/catalogue.ts')).registerErrors,
  rules: async () => (await import('./commands/catalogue.ts')).registerRules,
}

/** `wantsAll`: a configuration applies, which may name flags of any command. */
function loadRegistrations([first = '']: readonly string[], wantsAll: boolean): Promise<readonly Registration[]> {
  const wanted = Object.entries(registrations).filter(([name]) => name === first)
  return Promise.all(
    (wantsAll || wanted.length === 0 ? Object.entries(registrations) : wanted).map(([, load]) => load()),
  )
}

export async function buildProgram({ version, io, width, hasConfig, run }: ProgramInput): Promise<Command> {
  const loaded = await loadRegistrations(io.argv, hasConfig)
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
  for (const register of loaded) register(program, run)
  for (const command of program.commands) inheritSettings(command, program)
  return program
}

/** commander copies settings to a subcommand only when it is made through `program.command()` after they were set. */
function inheritSettings(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent)
  for (const child of command.commands) inheritSettings(child, command)
}
