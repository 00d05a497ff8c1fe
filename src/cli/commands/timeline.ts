/** `sightline timeline FILE|CAPTURE`: an execution trace, as a stream → ops/timeline → terminal, JSON, NDJSON of events. */

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type ExitCode, fault } from '../../base/errors.ts'
import type { SchemaName } from '../../model/contract.ts'
import { readTimeline } from '../../ops/timeline.ts'
import { renderTimeline } from '../../render/terminal-timeline.ts'
import type { CommandContext, Runner } from '../context.ts'
import { readCount, readDuration, readPositiveDuration, valueFlag } from '../flags.ts'
import { failedOutcome, printOutcome } from '../print-envelope.ts'
import { type WriteOutcome, writeNow } from '../write-now.ts'

const SCHEMA: SchemaName = 'sightline.timeline/v1'

type TimelineFlags = {
  readonly ndjson?: boolean
  readonly goroutine?: number
  readonly from?: number
  readonly to?: number
  readonly strict?: boolean
}

export function registerTimeline(program: Command, run: Runner): void {
  program
    .command('timeline')
    .description('where the time of an execution trace went, and how much of it no profile shows')
    .argument('<trace>', 'an execution trace (Go 1.11 to 1.27), or a capture that holds one; - is stdin')
    .option('--ndjson', 'the ordered events instead, one JSON object per line')
    .addOption(
      valueFlag(
        '--goroutine <id>',
        'the times of this goroutine beside the whole; of the events, those that concern it',
        readCount(1, Number.MAX_SAFE_INTEGER),
      ),
    )
    .addOption(valueFlag('--from <duration>', "account from here on, counted from the trace's begin", readDuration))
    .addOption(valueFlag('--to <duration>', 'account up to here', readPositiveDuration))
    .option('--strict', "refuse what Go's own reader refuses, where otherwise all that can be read is")
    .action((trace: string, _flags, self: Command) =>
      run(self.optsWithGlobals(), (context) => timeline(context, trace, self.opts<TimelineFlags>())),
    )
}

async function timeline(context: CommandContext, trace: string, flags: TimelineFlags): Promise<ExitCode> {
  const { io, deps, settings, signal, progress, logger } = context
  const usage = checkUsage(trace, flags, settings.json)
  if (usage !== undefined) {
    return printOutcome(context, failedOutcome(SCHEMA, fault('SL_CLI_USAGE', usage)))
  }
  const opened = await deps.traces.openTrace(trace === '-' ? trace : resolve(io.cwd, trace))
  if (!opened.ok) return printOutcome(context, failedOutcome(SCHEMA, opened.error))
  const output: { state: WriteOutcome } = { state: 'written' }
  const { ndjson, goroutine, from, to, strict } = flags
  const report = await readTimeline(opened.value, {
    ...(goroutine === undefined ? {} : { goroutine }),
    ...(from === undefined ? {} : { fromNs: from }),
    ...(to === undefined ? {} : { toNs: to }),
    ...(strict === undefined ? {} : { strict }),
    ...(ndjson !== true
      ? {}
      : {
          onLines: (text: string) => {
            output.state = writeNow(io.stdout, text)
            return output.state === 'written'
          },
        }),
    progress,
    signal,
  })
  // As for all output: a reader that went away is no failure, a full disk is.
  if (output.state !== 'written') return output.state === 'gone' ? 0 : 74
  if (!report.ok) return printOutcome(context, failedOutcome(SCHEMA, report.error))
  if (ndjson === true) {
    for (const { code, message, at } of report.value.issues) logger.log('warn', message, { code, offset: at?.offset })
  }
  return printOutcome(context, {
    schema: SCHEMA,
    report: report.value,
    text: (options) => (ndjson === true ? '' : renderTimeline(report.value, options)),
  })
}

function checkUsage(
  trace: string,
  { ndjson, from, to }: TimelineFlags,
  json: boolean,
): { message: string } | undefined {
  if (ndjson === true && json) return { message: '--json and --ndjson exclude each other' }
  if (ndjson === true && (from !== undefined || to !== undefined)) {
    return { message: '--from and --to cut the account; --ndjson gives all events with their times' }
  }
  if (from !== undefined && to !== undefined && from >= to) return { message: '--from is not before --to' }
  if (!/^https?:\/\//i.test(trace)) return undefined
  return { message: `timeline reads a file: sightline capture ${trace} -o shop.slc, then sightline timeline shop.slc` }
}
