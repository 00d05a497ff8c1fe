/** `sightline demo [--live]`: the main job on a service in trouble: its capture, the verdict, the HTML report. */
import type { Command } from 'commander'
import type { ExitCode } from '../../base/errors.ts'
import { captureLiveDemo, readRecordedDemo } from '../../ops/demo.ts'
import type { CommandContext, Runner } from '../context.ts'
import { failedOutcome, printOutcome } from '../print-envelope.ts'
import { type JudgeFlags, oneOutcome } from './diagnose.ts'

type DemoFlags = {
  readonly live?: boolean
  readonly once?: boolean
  readonly html: string
  readonly markdown?: boolean
}

const DEMO_REPORT = 'sightline-report.html'

export function registerDemo(program: Command, run: Runner): void {
  program
    .command('demo')
    .description('diagnose a recorded Go service in trouble: an HTTP API over a connection pool')
    .option('--live', 'build and run that service with Go, and capture it live')
    .option('--once', 'end after the report (it does so anyway, until there is a page to serve)')
    .option('--html <file>', 'where to write the report', DEMO_REPORT)
    .option('--markdown', 'print Markdown instead')
    .action((_flags, self: Command) => run(self.optsWithGlobals(), (context) => demo(context, self.opts<DemoFlags>())))
}

async function demo(context: CommandContext, flags: DemoFlags): Promise<ExitCode> {
  const { deps, progress, signal, settings } = context
  const isLive = flags.live === true
  const limits = settings.timeoutNs === undefined ? {} : { limits: { timeoutMs: settings.timeoutNs / 1e6 } }
  const capture = isLive
    ? await captureLiveDemo({ ...deps, progress }, { signal, plan: limits })
    : await readRecordedDemo(deps, deps.demoCapture)
  if (!capture.ok) {
    const failed = failedOutcome('sightline.diagnose/v1', capture.error)
    return printOutcome(context, failed)
  }
  progress.step('judging')
  const { diagnoseCapture } = await import('../../ops/diagnose.ts')
  const report = await diagnoseCapture(deps, capture.value)
  const judge: JudgeFlags = { html: flags.html, ...(flags.markdown === true ? { markdown: true } : {}) }
  const live = { ...report, data: { ...report.data, target: { ...report.data.target, kind: 'live' as const } } }
  return printOutcome(context, oneOutcome(context, isLive ? live : report, judge))
}
