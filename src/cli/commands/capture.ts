/** `sightline capture URL...`: every lens of live services into a capture; `--plan` prints what would be asked. */
import type { Command } from 'commander'
import type { ExitCode } from '../../base/errors.ts'
import type { SchemaName } from '../../model/contract.ts'
import type { Lens } from '../../model/lens.ts'
import { captureTargets, planTargets } from '../../ops/capture.ts'
import { renderCaptures, renderPlan } from '../../render/terminal-capture.ts'
import { addCollectFlags, type CollectFlags, readCollectFlags } from '../collect-flags.ts'
import type { CommandContext, Runner } from '../context.ts'
import { readCount, readLens, valueFlag } from '../flags.ts'
import { failedOutcome, printOutcome } from '../print-envelope.ts'

const SCHEMA: SchemaName = 'sightline.capture/v1'

type CaptureFlags = CollectFlags & {
  readonly output?: string
  readonly plan?: boolean
  readonly without?: readonly Lens[]
  readonly maxFailures?: number
}

export function registerCapture(program: Command, run: Runner): void {
  const command = program
    .command('capture')
    .description('take every lens of live Go services into a capture that can be judged later, anywhere')
    .argument('<url...>', 'where net/http/pprof is served; a URL without a path means /debug/pprof/ below it')
    .option(
      '-o, --output <path>',
      'a folder, or a file that ends in .slc; by default a folder named by service and time',
    )
    .option('--plan', 'print what would be asked, at what cost and why; ask nothing')
    .addOption(valueFlag('--without <lens>', 'do not take this lens; repeatable', readLens))
    .addOption(valueFlag('--service <name>', 'the name of the service, where it does not say it itself'))
    .addOption(valueFlag('--max-failures <count>', 'how many of several targets may fail', readCount(0)))
  addCollectFlags(command)
  command.action((targets: readonly string[], _flags, self: Command) =>
    run(self.optsWithGlobals(), (context) => capture(context, targets, self.opts<CaptureFlags>())),
  )
}

async function capture(context: CommandContext, targets: readonly string[], flags: CaptureFlags): Promise<ExitCode> {
  const options = readCollectFlags(flags, context, flags.without)
  if (!options.ok) return printOutcome(context, failedOutcome(SCHEMA, options.error))
  if (flags.plan === true) {
    const report = planTargets({ targets, ...options.value })
    return printOutcome(context, {
      schema: 'sightline.capture-plan/v1',
      report,
      text: (how) => (report.error === undefined ? renderPlan(report.data, how) : ''),
    })
  }
  const { deps, progress, signal } = context
  const report = await captureTargets(
    { ...deps, progress },
    {
      targets,
      signal,
      ...options.value,
      ...(flags.output === undefined ? {} : { output: flags.output }),
      ...(flags.maxFailures === undefined ? {} : { maxFailures: flags.maxFailures }),
    },
  )
  return printOutcome(context, {
    schema: SCHEMA,
    report,
    text: (how) => renderCaptures(report, how),
  })
}
