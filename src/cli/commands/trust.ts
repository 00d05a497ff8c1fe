/** `sightline trust FILE...`: spans, logs, headers and source → ops/trust → terminal, JSON, HTML, Markdown. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { type ExitCode, fault } from '../../base/errors.ts'
import type { SchemaName, Severity } from '../../model/contract.ts'
import type { Report } from '../../model/report.ts'
import { type TrustGrade, trustGrades } from '../../model/trust/trust-data.ts'
import type { SourceInput } from '../../ops/trust/read-source.ts'
import type { TrustReportData } from '../../ops/trust.ts'
import { renderTrustHtml } from '../../render/trust/html.ts'
import { renderTrustMarkdown } from '../../render/trust/markdown.ts'
import { renderTrust } from '../../render/trust/terminal.ts'
import { renderTraceTree } from '../../render/trust/terminal-trace.ts'
import type { CommandContext, Runner } from '../context.ts'
import { readCount, readDuration, readInput, readInputs, readSeverity, valueFlag } from '../flags.ts'
import { failedOutcome, type Outcome, printOutcome } from '../print-envelope.ts'
import { readSmallText } from '../read-small-file.ts'

const SCHEMA: SchemaName = 'sightline.trust/v1'

type TrustFlags = {
  readonly service?: string
  readonly trace?: string
  readonly headers?: string
  readonly source?: readonly string[]
  readonly audit?: readonly string[]
  readonly settle?: number
  readonly min?: TrustGrade
  readonly failOn?: Severity
  readonly html?: string
  readonly markdown?: boolean
  readonly maxSpans?: number
}

const MAX_SPANS = 50_000_000
const MAX_HEADERS_BYTES = 64 * 1024 * 1024

export function registerTrust(program: Command, run: Runner): void {
  program
    .command('trust')
    .description('how far spans can be trusted: where trace context breaks, why, and what it costs')
    .argument(
      '<file...>',
      'spans (OTLP, Jaeger, Zipkin, Tempo), logs beside them, or a capture; together one input; - is stdin',
      readInputs,
    )
    .addOption(valueFlag('--service <name>', 'of this service alone'))
    .addOption(
      valueFlag('--trace <id>', "this trace's tree, with what is broken in it; an id or its beginning", readTraceId),
    )
    .addOption(valueFlag('--headers <file>', 'headers seen on edges, as JSON lines or HAR; docs/trust.md', readInput))
    .addOption(
      valueFlag(
        '--source <dir[=service]>',
        'Go source of a service as evidence: it is audited, and what it explains is certain; repeatable',
        readInputs,
      ),
    )
    .addOption(valueFlag('--audit <file[=service]>', 'the same from an earlier audit --json; repeatable', readInputs))
    .addOption(
      valueFlag(
        '--settle <duration>',
        'how long a span may still come (default: 60s, more where traces are longer); 0s: the input is complete',
        readDuration,
      ),
    )
    .addOption(valueFlag('--min <grade>', 'exit 1 where a grade is below this: A to F', readGrade))
    .addOption(valueFlag('--fail-on <severity>', 'exit 1 on a finding this severe or worse', readSeverity))
    .option('--html <file>', 'write a self-contained HTML report')
    .option('--markdown', 'print Markdown instead, for a pull request or an issue')
    .addOption(valueFlag('--max-spans <count>', 'spans that are read at most', readCount(1, MAX_SPANS)))
    .action((files: readonly string[], _flags, self: Command) =>
      run(self.optsWithGlobals(), (context) => trust(context, files, self.opts<TrustFlags>())),
    )
}

async function trust(context: CommandContext, files: readonly string[], flags: TrustFlags): Promise<ExitCode> {
  const { io, deps, signal, progress } = context
  const address = files.find((file) => /^[a-z+]+:\/\//i.test(file))
  if (address !== undefined) {
    const message = `trust reads files: give what an exporter or collector wrote, not ${address}`
    return printOutcome(context, failedOutcome(SCHEMA, fault('SL_CLI_USAGE', { message })))
  }
  if (files.filter((file) => file === '-').length > 1) {
    const message = 'stdin can be read once'
    return printOutcome(context, failedOutcome(SCHEMA, fault('SL_CLI_USAGE', { message })))
  }
  const headers = readHeadersFile(io.cwd, flags.headers)
  if (headers?.ok === false) return printOutcome(context, failedOutcome(SCHEMA, headers.error))
  const inputs = await deps.inputs.listInputs(files.map((file) => (file === '-' ? file : resolve(io.cwd, file))))
  if (!inputs.ok) return printOutcome(context, failedOutcome(SCHEMA, inputs.error))
  const { service, trace, min, maxSpans, settle } = flags
  const given = [
    ...(flags.source ?? []).map((text) => readSource('directory', text, io.cwd)),
    ...(flags.audit ?? []).map((text) => readSource('report', text, io.cwd)),
  ]
  if (given.some(({ service }) => service === '')) {
    const message = '--source and --audit take PATH or PATH=SERVICE; the service is empty'
    return printOutcome(context, failedOutcome(SCHEMA, fault('SL_CLI_USAGE', { message })))
  }
  const { readSources } = await import('../../ops/trust/read-source.ts')
  const sources = await readSources(deps, given, { progress, signal })
  if (!sources.ok) return printOutcome(context, failedOutcome(SCHEMA, sources.error))
  const { judgeSpans } = await import('../../ops/trust.ts')
  const report = await judgeSpans(inputs.value, {
    ...(service === undefined ? {} : { service }),
    ...(trace === undefined ? {} : { trace }),
    ...(min === undefined ? {} : { min }),
    ...(maxSpans === undefined ? {} : { maxSpans }),
    ...(settle === undefined ? {} : { settleNs: settle }),
    ...(headers === undefined ? {} : { headers: headers.value }),
    ...(given.length === 0 ? {} : { sources: sources.value }),
    progress,
    signal,
  })
  if (!report.ok) return printOutcome(context, failedOutcome(SCHEMA, report.error))
  return printOutcome(context, outcomeOf(context, report.value, files, flags))
}

function outcomeOf(
  { deps }: CommandContext,
  report: Report<TrustReportData>,
  inputs: readonly string[],
  { failOn, html, markdown }: TrustFlags,
): Outcome<TrustReportData> {
  const { trace } = report.data
  const shown = { ...report, inputs }
  return {
    schema: SCHEMA,
    report,
    ...(failOn === undefined ? {} : { policy: { failOn } }),
    ...(markdown === true ? { markdown: () => renderTrustMarkdown(shown) } : {}),
    ...(html === undefined
      ? {}
      : { html: { path: html, render: () => renderTrustHtml(shown, { version: deps.version }) } }),
    text: (options) =>
      trace === undefined ? renderTrust(shown, options) : `${renderTraceTree(trace, options).join('\n')}\n`,
  }
}

function readHeadersFile(cwd: string, path: string | undefined) {
  if (path === undefined) return undefined
  const text = readSmallText(resolve(cwd, path), MAX_HEADERS_BYTES)
  if (text.ok) return { ok: true, value: { name: path, text: text.value } } as const
  const message = `The file of headers cannot be read: ${text.error.why}`
  return { ok: false, error: fault('SL_COLLECT_NO_INPUT', { message, target: path }) } as const
}

/** `DIR=SERVICE`; a path that has an equals sign itself is taken as it is. */
function readSource(kind: SourceInput['kind'], text: string, cwd: string): SourceInput {
  const at = text.lastIndexOf('=')
  const whole = { kind, path: resolve(cwd, text), name: text }
  if (at <= 0 || existsSync(whole.path)) return whole
  return { kind, path: resolve(cwd, text.slice(0, at)), name: text.slice(0, at), service: text.slice(at + 1) }
}

function readTraceId(text: string): string {
  if (/^[0-9a-f]{4,32}$/i.test(text)) return text
  throw new InvalidArgumentError('Give a trace id: up to 32 hex digits, at least 4.')
}

function readGrade(text: string): TrustGrade {
  const grade = trustGrades.find((one) => one === text.toUpperCase())
  if (grade === undefined || grade === 'insufficient') throw new InvalidArgumentError('Give a grade from A to F.')
  return grade
}
