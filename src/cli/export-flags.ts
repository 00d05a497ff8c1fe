/** `--export`, `--out` and `--what` of timeline: flags → what ops is asked for, with the place that it goes to. */
import { type Command, InvalidArgumentError } from 'commander'
import { type Fault, fault } from '../base/errors.ts'
import { ok, type Result } from '../base/result.ts'
import { type ExportFormat, exportFormats, type ProfileView, profileViews } from '../model/trace-export/trace-export.ts'
import type { ExportRequest } from '../ops/trace-export.ts'
import { openPerfettoExport } from '../render/perfetto/export.ts'
import type { CommandContext } from './context.ts'
import { type OpenExportSink, openExportSink } from './export-sink.ts'
import { readInput, valueFlag } from './flags.ts'

export type ExportFlags = {
  readonly export?: ExportFormat
  readonly out?: string
  readonly what?: ProfileView
}

export type OpenExport = { readonly request: ExportRequest; readonly sink: OpenExportSink }

/** `network` is what the reason is called; `net` is what go tool trace calls it. */
const otherNames: Readonly<Record<string, ProfileView>> = { network: 'net' }

export function addExportFlags(command: Command): Command {
  return command
    .addOption(
      valueFlag(
        '--export <format>',
        `write the trace for another tool: ${exportFormats.join(' (ui.perfetto.dev) or ')} (go tool pprof)`,
        readFormat,
      ),
    )
    .addOption(valueFlag('--out <file>', 'where the export goes; .gz packs it; - or nothing: stdout', readInput))
    .addOption(
      valueFlag(
        '--what <view>',
        `what a profile counts: ${profileViews.join(', ')} (default: all; the last four as go tool trace -pprof=)`,
        readView,
      ),
    )
}

/** Why flags exclude each other; undefined where they do not. */
export function checkExportUsage(
  flags: ExportFlags & { readonly ndjson?: boolean; readonly focus?: RegExp; readonly ignore?: RegExp },
  isJson: boolean,
): { message: string } | undefined {
  const { export: format, out, what } = flags
  if (format === undefined) {
    if (out !== undefined) return { message: '--out is where an export goes: --export perfetto or --export pprof' }
    return what === undefined ? undefined : { message: '--what is of a profile: --export pprof' }
  }
  if (flags.ndjson === true) return { message: '--export and --ndjson exclude each other' }
  if (format === 'perfetto' && what !== undefined) return { message: '--what is of a profile: --export pprof' }
  if (format === 'perfetto' && (flags.focus !== undefined || flags.ignore !== undefined)) {
    return { message: 'A timeline is cut by --from, --to and --goroutine; --focus and --ignore are for --export pprof' }
  }
  if (isJson && isStdout(out)) return { message: '--json has stdout for itself: give the export a file by --out' }
  return undefined
}

export function openExport({ io }: CommandContext, flags: ExportFlags): Result<OpenExport | undefined, Fault> {
  const { export: format, out, what = 'all' } = flags
  if (format === undefined) return ok(undefined)
  const opened = openExportSink(io, out, { isGzipped: format === 'pprof' })
  if (!opened.ok)
    return {
      ok: false,
      error: fault(opened.error.code, { ...opened.error, ...(out === undefined ? {} : { target: out }) }),
    }
  const sink = opened.value
  const request: ExportRequest =
    format === 'perfetto' ? { format, sink, open: openPerfettoExport } : { format, sink, what }
  return ok({ request, sink })
}

export function isStdout(out: string | undefined): boolean {
  return out === undefined || out === '-'
}

function readFormat(text: string): ExportFormat {
  const format = exportFormats.find((one) => one === text)
  if (format === undefined) throw new InvalidArgumentError(`Give one of: ${exportFormats.join(', ')}.`)
  return format
}

function readView(text: string): ProfileView {
  const view = profileViews.find((one) => one === text) ?? otherNames[text]
  if (view === undefined) throw new InvalidArgumentError(`Give one of: ${profileViews.join(', ')}.`)
  return view
}
