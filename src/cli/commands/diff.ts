/** `sightline diff CAPTURE CAPTURE`: what grew, what appeared, what went between two captures. */
import type { Command } from 'commander'
import type { ExitCode } from '../../base/errors.ts'
import type { SchemaName, Severity } from '../../model/contract.ts'
import type { Lens } from '../../model/lens.ts'
import { renderDiff } from '../../render/terminal-diff.ts'
import type { CommandContext, Runner } from '../context.ts'
import { readInput, readLens, readSeverity, valueFlag } from '../flags.ts'
import { openInputs } from '../inputs.ts'
import { failedOutcome, printOutcome } from '../print-envelope.ts'

const SCHEMA: SchemaName = 'sightline.diff/v1'

type DiffFlags = { readonly without?: readonly Lens[]; readonly service?: string; readonly failOn?: Severity }

export function registerDiff(program: Command, run: Runner): void {
  program
    .command('diff')
    .description('what grew, what appeared and what went between two captures')
    .argument('<before>', 'a capture, a dump, or the address of a live service', readInput)
    .argument('<after>', 'the same, later', readInput)
    .addOption(valueFlag('--without <lens>', 'judge as if this lens did not exist; repeatable', readLens))
    .addOption(valueFlag('--service <name>', 'the name of the service, where it does not say it itself'))
    .addOption(
      valueFlag('--fail-on <severity>', 'exit 1 on a finding this severe that is new in <after>', readSeverity),
    )
    .action((before: string, after: string, _flags, self: Command) =>
      run(self.optsWithGlobals(), (context) => diff(context, before, after, self.opts<DiffFlags>())),
    )
}

async function diff(context: CommandContext, before: string, after: string, flags: DiffFlags): Promise<ExitCode> {
  const options = { plan: flags.without === undefined ? {} : { without: flags.without } }
  const [[left], [right]] = [await openInputs(context, [before], options), await openInputs(context, [after], options)]
  if (left === undefined || right === undefined) throw new Error('one input gives one target')
  if (!left.capture.ok) return printOutcome(context, failedOutcome(SCHEMA, left.capture.error))
  if (!right.capture.ok) return printOutcome(context, failedOutcome(SCHEMA, right.capture.error))
  context.progress.step('comparing')
  // Loose files have only their names, which are no service: the same findings must keep the same fingerprints.
  const manifests = [left.capture.value.manifest, right.capture.value.manifest]
  const isNamed = manifests.every((manifest) => manifest !== undefined)
  const said = manifests.map((manifest) => manifest?.target.service).find((name) => name !== undefined)
  const service = flags.service ?? (isNamed ? undefined : (said ?? 'unnamed'))
  const { diffCaptures } = await import('../../ops/diff.ts')
  const report = await diffCaptures(context.deps, left.capture.value, right.capture.value, {
    ...(flags.without === undefined ? {} : { without: flags.without }),
    ...(service === undefined ? {} : { service }),
  })
  return printOutcome(context, {
    schema: SCHEMA,
    report,
    ...(flags.failOn === undefined ? {} : { policy: { failOn: flags.failOn } }),
    text: (how) => (report.error === undefined ? renderDiff(report, how) : ''),
  })
}
