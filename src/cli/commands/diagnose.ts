/** `sightline diagnose URL|CAPTURE|FILE...`: inputs → captures → ops/diagnose → terminal, JSON, HTML, Markdown. */
import type { Command } from 'commander'
import { type ExitCode, errorCatalogue } from '../../base/errors.ts'
import { emptyCoverage, type SchemaName, type Severity } from '../../model/contract.ts'
import type { DiagnoseData, DiagnoseManyData } from '../../model/diagnosis.ts'
import type { Lens } from '../../model/lens.ts'
import type { Report } from '../../model/report.ts'
import type { diagnoseCapture as DiagnoseCapture, ManyReport } from '../../ops/diagnose.ts'
import type { DiagnoseReport } from '../../render/answer.ts'
import { renderHtmlReport } from '../../render/html-diagnose.ts'
import { renderMarkdown } from '../../render/markdown.ts'
import { renderDiagnosis, renderDiagnosisMany } from '../../render/terminal-diagnose.ts'
import { addCollectFlags, type CollectFlags, readCollectFlags } from '../collect-flags.ts'
import type { CommandContext, Runner } from '../context.ts'
import { addJudgeFlags, readInputs, readLens, valueFlag } from '../flags.ts'
import { type InputTarget, openInputs } from '../inputs.ts'
import { failedOutcome, type Outcome, printOutcome } from '../print-envelope.ts'
import { keepCaptures } from '../save.ts'

const SCHEMA: SchemaName = 'sightline.diagnose/v1'

type DiagnoseFlags = CollectFlags & JudgeFlags & { readonly without?: readonly Lens[]; readonly output?: string }

export type JudgeFlags = {
  readonly failOn?: Severity
  readonly html?: string
  readonly markdown?: boolean
  readonly maxFailures?: number
}

export function registerDiagnose(program: Command, run: Runner): void {
  const command = program
    .command('diagnose')
    .description('what the goroutines of a Go service wait on, and which lens could have shown it')
    .argument(
      '<input...>',
      'address of a live service, capture, or files (dumps, profiles, ...); - is stdin',
      readInputs,
    )
    .addOption(valueFlag('--without <lens>', 'judge as if this lens did not exist; repeatable', readLens))
    .option('-o, --output <path>', 'keep the capture of a live target: a folder, or a file that ends in .slc')
  addCollectFlags(addJudgeFlags(command))
  command.action((names: readonly string[], _flags, self: Command) =>
    run(self.optsWithGlobals(), (context) => diagnose(context, names, self.opts<DiagnoseFlags>())),
  )
}

async function diagnose(context: CommandContext, names: readonly string[], flags: DiagnoseFlags): Promise<ExitCode> {
  const without = flags.without ?? []
  const options = readCollectFlags(flags, context, without)
  if (!options.ok) return printOutcome(context, failedOutcome(SCHEMA, options.error))
  const targets = await openInputs(context, names, options.value)
  const kept =
    flags.output === undefined
      ? undefined
      : await keepCaptures(
          context,
          targets.filter(({ isLive }) => isLive),
          flags.output,
        )
  if (kept !== undefined && !kept.ok) return printOutcome(context, failedOutcome(SCHEMA, kept.error))
  if (kept !== undefined && !context.settings.quiet) {
    for (const { path } of kept.value) context.io.stderr.write(`Capture: ${path}\n`)
  }
  context.progress.step('judging')
  const judge = { without, ...(flags.service === undefined ? {} : { service: flags.service }) }
  const [only] = targets
  if (targets.length === 1 && only !== undefined) {
    const report = await diagnoseOne(context, only, judge)
    return printOutcome(context, oneOutcome(context, report, flags))
  }
  const { diagnoseTargets } = await import('../../ops/diagnose.ts')
  const report = await diagnoseTargets(context.deps, targets, {
    ...judge,
    ...(flags.maxFailures === undefined ? {} : { maxFailures: flags.maxFailures }),
  })
  return printOutcome(context, manyOutcome(context, report, flags))
}

/** Exported for `demo`, which judges one capture and prints it the same way. */
export function oneOutcome(
  context: CommandContext,
  report: Report<DiagnoseData>,
  flags: JudgeFlags,
): Outcome<DiagnoseData> {
  const judged = report.error === undefined ? [toDiagnoseReport(report)] : []
  return {
    schema: SCHEMA,
    report,
    ...outputsOf(context, judged, flags),
    text: (options) => judged.map((one) => renderDiagnosis(one, options)).join(''),
  }
}

function manyOutcome(context: CommandContext, report: ManyReport, flags: JudgeFlags): Outcome<DiagnoseManyData> {
  const judged = report.reports.map(({ data, findings }) => ({ data, findings, issues: [], coverage: emptyCoverage }))
  return {
    schema: SCHEMA,
    report,
    ...outputsOf(context, judged, flags),
    text: (options) => renderDiagnosisMany(judged, report, options),
  }
}

function outputsOf(context: CommandContext, judged: readonly DiagnoseReport[], flags: JudgeFlags) {
  const { html, markdown, failOn } = flags
  return {
    ...(failOn === undefined ? {} : { policy: { failOn } }),
    ...(markdown === true ? { markdown: () => renderMarkdown(judged) } : {}),
    ...(html === undefined || judged.length === 0
      ? {}
      : { html: { path: html, render: () => renderHtmlReport(judged, { version: context.deps.version }) } }),
  }
}

async function diagnoseOne(
  { deps }: CommandContext,
  { capture, name, isLive }: InputTarget,
  judge: Parameters<typeof DiagnoseCapture>[2],
): Promise<Report<DiagnoseData>> {
  if (!capture.ok) {
    const { code, message } = capture.error
    const missing = [{ what: name, why: message, code }]
    return {
      data: {
        target: {
          kind: isLive ? 'live' : 'files',
          ...(isLive ? { url: name } : {}),
          service: 'unknown',
          serviceFrom: 'none',
        },
        window: { dumps: 0 },
        lenses: [],
        goroutines: { count: 0, groups: [] },
        cpu: { state: 'absent', top: [] },
        blindSpots: [],
        verdict: { grade: 'inconclusive', because: ['Nothing could be read.'] },
      },
      findings: [],
      issues: [],
      coverage: { asked: 1, answered: 0, missing },
      error: capture.error,
      exitCode: errorCatalogue[code].exitCode,
    }
  }
  const { diagnoseCapture } = await import('../../ops/diagnose.ts')
  const report = await diagnoseCapture(deps, capture.value, judge)
  return isLive ? { ...report, data: { ...report.data, target: { ...report.data.target, kind: 'live' } } } : report
}

function toDiagnoseReport({ data, findings, issues, coverage }: Report<DiagnoseData>): DiagnoseReport {
  return { data, findings, issues, coverage }
}
