/** `sightline timeline FILE|CAPTURE`: an execution trace, as a stream → ops/timeline → terminal, JSON, NDJSON of events. */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { type ExitCode, fault } from '../../base/errors.ts'
import type { SchemaName } from '../../model/contract.ts'
import { type TimelineGroupKey, timelineGroupKeys } from '../../model/timeline.ts'
import { readTimeline } from '../../ops/timeline.ts'
import { locateWindow, needsLook, parsePoint, type TimelinePoint } from '../../ops/timeline-window.ts'
import { renderExport } from '../../render/terminal-export.ts'
import { renderTimeline } from '../../render/timeline/terminal.ts'
import type { CommandContext, Runner } from '../context.ts'
import { addExportFlags, checkExportUsage, type ExportFlags, isStdout, openExport } from '../export-flags.ts'
import { readCount, readInput, readPositiveDuration, valueFlag } from '../flags.ts'
import { failedOutcome, printOutcome } from '../print-envelope.ts'
import { type WriteOutcome, writeNow } from '../write-now.ts'

/** In a capture's folder. */
const CAPTURED_SPANS = 'spans.otlp.json'

const SCHEMA: SchemaName = 'sightline.timeline/v1'

type TimelineFlags = {
  readonly ndjson?: boolean
  readonly goroutine?: number
  readonly span?: string
  readonly spans?: string
  readonly groupBy?: readonly TimelineGroupKey[]
  readonly focus?: RegExp
  readonly ignore?: RegExp
  readonly top?: number
  readonly from?: TimelinePoint
  readonly to?: TimelinePoint
  readonly strict?: boolean
  readonly gcSla?: number
  readonly service?: string
  readonly workers?: number
} & ExportFlags

const POINT_HELP = "1.2s from the trace's begin, 40% of it, or a time of day (12:30:05.2, UTC; or RFC 3339)"
const MAX_TOP = 100_000
const MAX_WORKERS = 2

export function registerTimeline(program: Command, run: Runner): void {
  const command = program
    .command('timeline')
    .description('where the time of an execution trace went, and how much of it no profile shows')
    .argument('<trace>', 'an execution trace (Go 1.11 to 1.27), or a capture that holds one; - is stdin')
    .option('--ndjson', 'the ordered events instead, one JSON object per line')
    .addOption(
      valueFlag(
        '--goroutine <id>',
        "this goroutine's life: its states over time, its waits, who woke it; of the events, those that concern it",
        readCount(1, Number.MAX_SAFE_INTEGER),
      ),
    )
    .addOption(
      valueFlag(
        '--span <id>',
        'what the goroutines under this span did: a span id, a name, task:N or region:NAME; docs/span-join.md',
        readInput,
      ),
    )
    .addOption(
      valueFlag('--spans <file>', 'spans of the same process to join by: OTLP, Jaeger, Zipkin or Tempo', readInput),
    )
    .addOption(
      valueFlag(
        '--group-by <keys>',
        `share the time out by ${timelineGroupKeys.join(', ')}; several by comma`,
        readKeys,
      ),
    )
    .addOption(
      valueFlag('--focus <regex>', 'only what has a match in its stack, start function or reason', readPattern),
    )
    .addOption(valueFlag('--ignore <regex>', 'all but what has such a match', readPattern))
    .addOption(valueFlag('--top <count>', 'rows of a table at most; of --group-by in JSON too', readCount(1, MAX_TOP)))
    .addOption(valueFlag('--from <when>', `account from here on: ${POINT_HELP}`, readPoint))
    .addOption(valueFlag('--to <when>', 'account up to here', readPoint))
    .addOption(
      valueFlag(
        '--gc-sla <duration>',
        'stops of the world that last longer are a finding (default: 10ms)',
        readPositiveDuration,
      ),
    )
    .addOption(valueFlag('--service <name>', 'of this service (default: what the capture says)', readInput))
    .addOption(
      valueFlag(
        '--workers <count>',
        'threads that read a file, 1 or 2 (default: 2 where it pays); the answer is the same',
        readCount(1, MAX_WORKERS),
      ),
    )
    .option('--strict', "refuse what Go's own reader refuses, where otherwise all that can be read is")
  addExportFlags(command).action((trace: string, _flags, self: Command) =>
    run(self.optsWithGlobals(), (context) => timeline(context, trace, self.opts<TimelineFlags>())),
  )
}

async function timeline(context: CommandContext, trace: string, flags: TimelineFlags): Promise<ExitCode> {
  const { io, deps, settings, signal, progress, logger } = context
  const usage = checkUsage(trace, flags, settings.json)
  if (usage !== undefined) {
    return printOutcome(context, failedOutcome(SCHEMA, fault('SL_CLI_USAGE', usage)))
  }
  const open = () => deps.traces.openTrace(trace === '-' ? trace : resolve(io.cwd, trace))
  const window = await locateWindow(open, flags, signal)
  if (!window.ok) return printOutcome(context, failedOutcome(SCHEMA, { target: trace, ...window.error }))
  const { fromNs = 0, toNs = Number.POSITIVE_INFINITY } = window.value
  if (fromNs >= toNs) return printOutcome(context, failedOutcome(SCHEMA, fault('SL_CLI_USAGE', BACKWARDS)))
  const opened = await open()
  if (!opened.ok) return printOutcome(context, failedOutcome(SCHEMA, opened.error))
  const exporting = openExport(context, flags)
  if (!exporting.ok) return printOutcome(context, failedOutcome(SCHEMA, exporting.error))
  const output: { state: WriteOutcome } = { state: 'written' }
  const { ndjson, from: _from, to: _to, export: _format, gcSla, ...asked } = flags
  const report = await readTimeline(opened.value, {
    ...asked,
    ...window.value,
    ...findSpans(resolve(io.cwd, trace), asked, io.cwd),
    reopen: open,
    ...(gcSla === undefined ? {} : { gcSlaNs: gcSla }),
    ...(ndjson !== true
      ? {}
      : {
          onLines: (text: string) => {
            output.state = writeNow(io.stdout, text)
            return output.state === 'written'
          },
        }),
    ...(exporting.value === undefined ? {} : { export: exporting.value.request }),
    threads: deps.threads,
    progress,
    signal,
  })
  if (!report.ok) exporting.value?.sink.discard()
  // As for all output: a reader that went away is no failure, a full disk is.
  if (output.state !== 'written') return output.state === 'gone' ? 0 : 74
  if (!report.ok) return printOutcome(context, failedOutcome(SCHEMA, report.error))
  if (ndjson === true) {
    for (const { code, message, at } of report.value.issues) logger.log('warn', message, { code, offset: at?.offset })
  }
  const { export: written } = report.value.data
  return printOutcome(context, {
    schema: SCHEMA,
    report: report.value,
    text: (options) =>
      ndjson === true
        ? ''
        : written !== undefined
          ? isStdout(flags.out)
            ? ''
            : renderExport(written, report.value.issues, options)
          : renderTimeline(report.value, { ...options, ...(flags.top === undefined ? {} : { top: flags.top }) }),
  })
}

/** Spans that were given, or those of the capture where one of them is asked for. */
function findSpans(
  trace: string,
  { span, spans }: Pick<TimelineFlags, 'span' | 'spans'>,
  cwd: string,
): { readonly spans?: string } {
  if (spans !== undefined) return { spans: resolve(cwd, spans) }
  const own = join(trace, CAPTURED_SPANS)
  return span !== undefined && existsSync(own) ? { spans: own } : {}
}

const BACKWARDS = { message: '--from is not before --to' }

function checkUsage(trace: string, flags: TimelineFlags, json: boolean): { message: string } | undefined {
  const { ndjson, from, to } = flags
  const exports = checkExportUsage(flags, json)
  if (exports !== undefined) return exports
  if (ndjson === true && json) return { message: '--json and --ndjson exclude each other' }
  if (ndjson === true && (from !== undefined || to !== undefined)) {
    return { message: '--from and --to cut the account; --ndjson gives all events with their times' }
  }
  const share = (['groupBy', 'focus', 'ignore', 'top'] as const).find((name) => flags[name] !== undefined)
  if (ndjson === true && share !== undefined) {
    return { message: `${share === 'groupBy' ? '--group-by' : `--${share}`} is of the account; --ndjson gives events` }
  }
  if (ndjson === true && (flags.span ?? flags.spans) !== undefined) {
    return { message: '--span and --spans are of the account; --ndjson gives events' }
  }
  if (trace === '-' && flags.span !== undefined) {
    return { message: '--span reads the trace twice, and stdin can be read once: give a file' }
  }
  if (from?.kind === 'offset' && to?.kind === 'offset' && from.ns >= to.ns) return BACKWARDS
  if (trace === '-' && needsLook(flags)) {
    return { message: 'A share or a time of day needs a look ahead, and stdin can be read once: give a file' }
  }
  if (!/^https?:\/\//i.test(trace)) return undefined
  return { message: `timeline reads a file: sightline capture ${trace} -o shop.slc, then sightline timeline shop.slc` }
}

function readKeys(text: string): readonly TimelineGroupKey[] {
  const names = text.split(',').map((name) => name.trim())
  const keys = names.map((name) => timelineGroupKeys.find((key) => key === name))
  if (keys.includes(undefined) || new Set(names).size !== names.length) {
    throw new InvalidArgumentError(`Give some of ${timelineGroupKeys.join(', ')}, each once, with commas between.`)
  }
  return keys.filter((key) => key !== undefined)
}

/** Go writes the flags of a pattern in front: `(?i)`. */
function readPattern(text: string): RegExp {
  const [, flags = '', source = ''] = /^(?:\(\?([is]+)\))?([\s\S]*)$/.exec(text) ?? []
  try {
    if (source !== '') return new RegExp(source, [...new Set(flags)].join(''))
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('Give a regular expression, as for go tool pprof -focus.')
}

function readPoint(text: string): TimelinePoint {
  const point = parsePoint(text)
  if (point === undefined) throw new InvalidArgumentError(`Give ${POINT_HELP}.`)
  return point
}
