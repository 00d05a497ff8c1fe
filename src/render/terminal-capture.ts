/** What `capture` and `capture --plan` say in the terminal. Enters: the use case's data. Leaves: text that ends in \n. */
import { formatDuration, formatSize } from '../base/units.ts'
import type { LensObservation } from '../model/capture.ts'
import type { Coverage } from '../model/contract.ts'
import type { Issue } from '../model/issue.ts'
import { renderTable } from './table.ts'
import { renderCoverage, renderIssues } from './terminal-diagnose.ts'
import { countOf, escapeControls, wrapWords } from './text.ts'
import { type Theme, toneOfState } from './theme.ts'

type Options = { readonly width: number; readonly theme: Theme }

export type CaptureEntry = {
  readonly url: string
  readonly service?: string
  readonly goVersion?: string
  readonly path?: string
  readonly sizeBytes?: number
  readonly goroutineCount?: number
  readonly durationNs?: number
  readonly interrupted?: boolean
  readonly lenses?: readonly LensObservation[]
  readonly redacted?: readonly string[]
  readonly error?: { readonly code: string; readonly message: string }
}

export function renderCaptures(
  report: {
    readonly data: { readonly targets: readonly CaptureEntry[] }
    readonly issues: readonly Issue[]
    readonly coverage: Coverage
  },
  options: Options,
): string {
  const { theme } = options
  const lines = report.data.targets.flatMap((target, index) => [
    ...(index > 0 ? [''] : []),
    ...renderEntry(target, options),
  ])
  const doubts = renderIssues(report.issues, options)
  if (doubts.length > 0) lines.push('', theme.strong('Doubts about the data'), ...doubts)
  const gaps = report.data.targets.some((target) => target.path !== undefined)
    ? renderCoverage(report.coverage, options)
    : []
  if (gaps.length > 0) lines.push('', theme.strong('What did not answer'), ...gaps)
  const [only] = report.data.targets
  if (report.data.targets.length === 1 && only?.path !== undefined) {
    lines.push('', `Next: sightline diagnose ${escapeControls(only.path)}`)
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function renderEntry(target: CaptureEntry, options: Options): string[] {
  const { theme, width } = options
  if (target.path === undefined) {
    const { error } = target
    return error === undefined
      ? []
      : wrapWords(escapeControls(`${target.url}: ${error.message} (${error.code})`), width)
  }
  const facts = [
    target.service ?? target.url,
    ...(target.goroutineCount === undefined ? [] : [countOf(target.goroutineCount, 'goroutine')]),
    ...(target.goVersion === undefined ? [] : [target.goVersion]),
    ...(target.sizeBytes === undefined ? [] : [formatSize(target.sizeBytes)]),
    ...(target.durationNs === undefined ? [] : [`taken in ${formatDuration(target.durationNs)}`]),
  ]
  const lines = [
    `${theme.strong(escapeControls(target.path))}${target.interrupted === true ? theme.warn('  interrupted: not everything was asked') : ''}`,
    theme.dim(escapeControls(facts.join(' · '))),
    ...renderTable(
      [{ title: 'lens' }, { title: 'state' }, { title: 'because', overflow: 'wrap', least: 24 }],
      (target.lenses ?? []).map((one) => [
        one.lens,
        { text: one.state, paint: theme[toneOfState(one.state)] },
        one.because,
      ]),
      { ...options, header: false },
    ),
  ]
  if (target.redacted !== undefined && target.redacted.length > 0) {
    lines.push(...wrapWords(escapeControls(`Redacted: ${target.redacted.join(', ')}`), width))
  }
  return lines
}

export type PlanView = {
  readonly targets: readonly { readonly url: string }[]
  readonly plan: {
    readonly mode: string
    readonly expectedMs: number
    readonly phases: readonly {
      readonly name: string
      readonly steps: readonly {
        readonly request: string
        readonly place: string
        readonly atMs: number
        readonly stopsTheWorld: boolean
        readonly cost: string
        readonly why: string
        readonly when?: string
      }[]
    }[]
    readonly skipped: readonly { readonly what: string; readonly why: string }[]
  }
}

export function renderPlan({ targets, plan }: PlanView, options: Options): string {
  const { theme, width } = options
  const lines = [
    ...wrapWords(
      escapeControls(
        `Nothing was asked. This is what ${targets.map(({ url }) => url).join(', ')} would be asked, in about ${formatDuration(plan.expectedMs * 1e6)}:`,
      ),
      width,
    ),
  ]
  for (const phase of plan.phases) {
    lines.push('', theme.strong(phase.name))
    for (const step of phase.steps) {
      const at = step.atMs === 0 ? '' : `  after ${formatDuration(step.atMs * 1e6)}`
      const stops = step.stopsTheWorld ? theme.warn('  stops the service while it answers') : ''
      lines.push(`  ${theme.note(escapeControls(step.request))}${at}${stops}`)
      const say = (lead: string, text: string | undefined) => {
        if (text === undefined || text === '') return
        for (const line of wrapWords(escapeControls(`${lead}${text}`), width - 4)) lines.push(`    ${line}`)
      }
      say('why: ', step.why)
      say('cost: ', step.cost)
      say('only ', step.when)
    }
  }
  if (plan.skipped.length > 0) {
    lines.push('', theme.strong('not asked'))
    lines.push(
      ...renderTable(
        [
          { title: 'what', overflow: 'start', least: 12 },
          { title: 'why', overflow: 'wrap', least: 24 },
        ],
        plan.skipped.map(({ what, why }) => [what, why]),
        { ...options, indent: '  ', header: false },
      ),
    )
  }
  return `${lines.join('\n')}\n`
}
