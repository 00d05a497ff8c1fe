/**
 * A diagnosis for the terminal: first one screen that answers (verdict, what is wrong, what to do next), below it the
 * detail (groups, blind spots, lenses, CPU, doubts). Enters: a report, a width, a theme. Leaves: text that ends in \n.
 * Every string of the target's passes `escapeControls`, here or in the table writer.
 */
import { formatDuration, formatSize } from '../base/units.ts'
import type { Coverage } from '../model/contract.ts'
import type { CpuReport, DiagnoseData, GoroutineGroup, LensReport } from '../model/diagnosis.ts'
import type { Issue } from '../model/issue.ts'
import { answerDiagnosis, type DiagnoseReport, rankBlindSpots, type Trouble, userFrame } from './answer.ts'
import { renderTable } from './table.ts'
import {
  countOf,
  cutStart,
  escapeControls,
  formatCount,
  formatSeconds,
  formatShare,
  joinAnd,
  shortenFunctions,
  shortFunction,
  shortPlace,
  wrapWords,
} from './text.ts'
import { type Theme, toneOfGrade, toneOfSeverity, toneOfState, toneOfVerdict } from './theme.ts'

export type TerminalOptions = {
  readonly width: number
  readonly theme: Theme
  /** The answer alone: what fits one screen. */
  readonly brief?: boolean
}

const MAX_TROUBLES = 5
const MAX_GROUPS = 40
/** Groups whose functions are said without their folders in sentences. */
const MAX_NAMED = 200
const MAX_ISSUES = 20
/** From here on a share is all of it. */
const WHOLE = 0.999

export function renderDiagnosis(report: DiagnoseReport, options: TerminalOptions): string {
  const lines = [...renderAnswer(report, options)]
  if (options.brief !== true) {
    lines.push(
      ...section('Goroutines', renderGroups(report.data, options), options),
      ...section('What no profile that is on can show', renderBlindSpots(report.data, options), options),
      ...section('Lenses', renderLensStates(report.data.lenses, options), options),
      ...section('CPU', renderCpu(report.data.cpu, options), options),
    )
  }
  lines.push(...section('Doubts about the data', renderIssues(report.issues, options), options))
  lines.push(...section('What did not answer', renderCoverage(report.coverage, options), options))
  return `${lines.join('\n')}\n`
}

/** Several targets: the answer of each, then what did not answer; their detail is in --json and --html. */
export function renderDiagnosisMany(
  reports: readonly DiagnoseReport[],
  whole: { readonly issues: readonly Issue[]; readonly coverage: Coverage },
  options: TerminalOptions,
): string {
  const rule = options.theme.dim('─'.repeat(Math.min(options.width, 60)))
  const answers = reports.map((report) => renderDiagnosis(report, { ...options, brief: true }))
  const rest = [
    ...section('Doubts about the data', renderIssues(whole.issues, options), options),
    ...section('What did not answer', renderCoverage(whole.coverage, options, 'target'), options),
  ]
  return [...answers, ...(rest.length === 0 ? [] : [`${rest.slice(1).join('\n')}\n`])].join(`${rule}\n`)
}

function section(title: string, body: readonly string[], { theme }: TerminalOptions): string[] {
  return body.length === 0 ? [] : ['', theme.strong(title), ...body]
}

function renderAnswer(report: DiagnoseReport, options: TerminalOptions): string[] {
  const { theme, width } = options
  const answer = answerDiagnosis(report)
  const grade = answer.grade.toUpperCase()
  const indent = ' '.repeat(grade.length + 2)
  const lines = [theme.dim(wrapFacts([answer.subject, ...answer.facts], width).join('\n')), '']
  const headline = wrapWords(escapeControls(answer.headline), width - indent.length)
  headline.forEach((line, index) => {
    lines.push(
      `${index === 0 ? `${theme[toneOfGrade(answer.grade)](theme.strong(grade))}  ` : indent}${theme.strong(line)}`,
    )
  })
  for (const reason of answer.because.slice(0, 4)) {
    for (const line of wrapWords(escapeControls(reason), width - indent.length)) lines.push(indent + line)
  }
  const told = new Set<string>()
  const { groups } = report.data.goroutines
  const functions = new Set(groups.slice(0, MAX_NAMED).flatMap((one) => [one.userFunction, one.topFunction]))
  answer.troubles.slice(0, MAX_TROUBLES).forEach((trouble, index) => {
    lines.push('', ...renderTrouble(trouble, index + 1, { ...options, told, functions }))
  })
  const more = answer.troubles.length - MAX_TROUBLES
  if (more > 0) lines.push('', theme.dim(`   and ${formatCount(more)} more, in --json and --html in full`))
  if (answer.steps.length > 0) {
    lines.push('', theme.strong('What to do next'))
    answer.steps.forEach((step, index) => {
      lines.push(...hang(` ${index + 1}. `, escapeControls(step.what), width))
    })
  }
  return lines
}

function wrapFacts(facts: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const fact of facts.map(escapeControls)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + fact.length + 3 <= width) lines[lines.length - 1] = `${last} · ${fact}`
    else lines.push(...wrapWords(fact, width))
  }
  return lines
}

/** The first line behind a mark, the others under its text. */
function hang(mark: string, text: string, width: number): string[] {
  return wrapWords(text, width - mark.length).map(
    (line, index) => (index === 0 ? mark : ' '.repeat(mark.length)) + line,
  )
}

type TroubleOptions = TerminalOptions & {
  /** Groups of which an earlier trouble has said all; only the place is said again. */
  readonly told: Set<string>
  /** Functions that sentences name. */
  readonly functions: ReadonlySet<string>
}

function renderTrouble(trouble: Trouble, number: number, { width, theme, told, functions }: TroubleOptions): string[] {
  const mark = ` ${number} `
  const label = `${trouble.severity.toUpperCase()}, ${trouble.confidence}`
  const paint = theme[toneOfSeverity(trouble.severity)]
  const title = escapeControls(shortenFunctions(trouble.title, functions))
  const lines = hang(mark, title, width - label.length - 2)
  lines[0] = `${theme.strong((lines[0] ?? mark).padEnd(width - label.length - 2))}  ${paint(label)}`
  const say = (text: string, tone: keyof Theme = 'dim') => {
    for (const line of wrapWords(escapeControls(shortenFunctions(text, functions)), width - mark.length))
      lines.push(' '.repeat(mark.length) + theme[tone](line))
  }
  const { group } = trouble
  if (group !== undefined) {
    const frame = userFrame(group)
    const name = shortFunction(frame.function)
    const who = frame.place === '' || !title.includes(escapeControls(name)) ? name : ''
    const at = frame.place === '' ? '' : `at ${cutStart(frame.place, Math.max(20, width - 10))}`
    const also = trouble.alsoGroups === undefined ? '' : `, and ${trouble.alsoGroups.join(', ')}`
    say([who, at, `(${group.id}${also})`].filter((part) => part !== '').join(' '), 'note')
    const reason = group.waitReason ?? group.state
    if (told.has(group.id)) return lines
    told.add(group.id)
    const said = title.includes(`[${escapeControls(reason)}]`) ? '' : reason
    say([said, trouble.howLong ?? '', growthOf(group)].filter((part) => part !== '').join(', '))
  } else if (trouble.finding !== undefined) {
    const first = trouble.finding.evidence[0]
    say([first.source, first.at ?? ''].filter((part) => part !== '').join(', '))
  }
  if (trouble.blockedBy !== undefined) say(`held up by ${trouble.blockedBy}`)
  else if (trouble.why !== undefined) say(trouble.why)
  if (group !== undefined && trouble.missedBy.length > 0) {
    const seen = trouble.seenBy.length === 0 ? '' : `; shown by ${joinAnd(trouble.seenBy)}`
    say(`never in ${joinAnd(trouble.missedBy, 'or')} while it lasts${seen}`)
  }
  return lines
}

function shortWait({ waitNs }: GoroutineGroup): string {
  const longest = waitNs?.max ?? waitNs?.min ?? 0
  return longest > 0 ? `≥ ${formatDuration(longest)}` : ''
}

/** Measured by the trace: what its goroutines spent here, and the share of their time where it is not all. */
function shortTraced({ traced }: GoroutineGroup): string {
  if (traced === undefined || traced.here.count === 0) return ''
  const all = traced.runningNs + traced.runnableNs + traced.waitingNs + traced.syscallNs
  const share = traced.here.ns / all
  return `${formatDuration(traced.here.ns)}${share >= WHOLE ? '' : `, ${formatShare(share)}`}`
}

function growthOf({ growth }: GoroutineGroup): string {
  if (growth === undefined || growth.first === growth.last) return ''
  const word = growth.last > growth.first ? 'growing' : 'shrinking'
  return `${word} from ${formatCount(growth.first)} to ${formatCount(growth.last)} in the window`
}

function renderGroups({ goroutines }: DiagnoseData, { width, theme }: TerminalOptions): string[] {
  const shown = goroutines.groups.slice(0, MAX_GROUPS)
  const isTraced = shown.some(({ traced }) => (traced?.here.count ?? 0) > 0)
  const rows = shown.map((group) => {
    const frame = userFrame(group)
    const paint = theme[toneOfVerdict(group.verdict)]
    const file = group.stack.find((one) => one.function === group.userFunction) ?? group.stack[0]
    return [
      group.id,
      { text: formatCount(group.count) },
      { text: group.verdict, paint },
      group.confidence,
      group.waitReason ?? group.state,
      shortFunction(frame.function),
      shortPlace(file?.file, file?.line),
      shortTraced(group) || shortWait(group),
    ]
  })
  const lines = renderTable(
    [
      { title: '' },
      { title: 'count', align: 'right' },
      { title: 'verdict' },
      { title: 'confidence' },
      { title: 'state', overflow: 'end', least: 15 },
      { title: 'function', overflow: 'start', least: 26 },
      { title: 'at', overflow: 'start', least: 14 },
      { title: isTraced ? 'traced here' : 'waited', overflow: 'end', least: isTraced ? 11 : 6 },
    ],
    rows,
    { width, theme },
  )
  const left = goroutines.groups.slice(MAX_GROUPS)
  if (left.length > 0) {
    const count = left.reduce((sum, group) => sum + group.count, 0)
    lines.push(theme.dim(`and ${countOf(left.length, 'more group')} with ${countOf(count, 'goroutine')}`))
  }
  if (goroutines.stackBytes !== undefined) {
    lines.push(theme.dim(`their stacks take ${formatSize(goroutines.stackBytes)}`))
  }
  return lines
}

function renderBlindSpots({ blindSpots }: DiagnoseData, { width, theme }: TerminalOptions): string[] {
  const isTraced = blindSpots.some((spot) => spot.tracedGoroutineSeconds !== undefined)
  return renderTable(
    [
      { title: 'goroutines', align: 'right' },
      { title: 'their time', align: 'right' },
      ...(isTraced ? [{ title: 'traced', align: 'right' } as const] : []),
      { title: 'what', overflow: 'wrap', least: 16 },
      { title: 'shown by', overflow: 'wrap', least: 10 },
      { title: 'how to see it', overflow: 'wrap', least: 20 },
    ],
    rankBlindSpots(blindSpots).map((spot, index, all) => [
      formatCount(spot.goroutineCount),
      spot.goroutineSeconds === undefined ? '' : formatSeconds(spot.goroutineSeconds),
      ...(isTraced
        ? [spot.tracedGoroutineSeconds === undefined ? '' : formatSeconds(spot.tracedGoroutineSeconds)]
        : []),
      spot.what,
      spot.lensesThatShowIt.join(', '),
      index > 0 && all[index - 1]?.turnOn === spot.turnOn ? 'the same' : spot.turnOn,
    ]),
    { width, theme },
  )
}

function renderLensStates(lenses: readonly LensReport[], { width, theme }: TerminalOptions): string[] {
  return renderTable(
    [
      { title: 'lens' },
      { title: 'state' },
      { title: 'because', overflow: 'wrap', least: 20 },
      { title: 'cannot see', overflow: 'wrap', least: 24 },
    ],
    lenses.map((one) => [
      one.lens,
      { text: one.state, paint: theme[toneOfState(one.state)] },
      one.because ?? '',
      one.cannotSee,
    ]),
    { width, theme },
  )
}

function renderCpu(cpu: CpuReport, { width, theme }: TerminalOptions): string[] {
  if (cpu.state === 'absent') return []
  const over = cpu.windowNs === undefined ? '' : ` over ${formatDuration(cpu.windowNs)}`
  if (cpu.state === 'insufficient') {
    return wrapWords(
      `${countOf(cpu.samples ?? 0, 'sample')}${over}: too few to say what ran. The service hardly used the CPU while we looked, or the window was too short.`,
      width,
    )
  }
  const smallest =
    cpu.smallestShareRatio === undefined
      ? ''
      : `; a function below ${formatShare(cpu.smallestShareRatio)} cannot be told from none`
  const head = `${formatSeconds(cpu.totalSeconds ?? 0)} of CPU${over}, ${countOf(cpu.samples ?? 0, 'sample')}${smallest}`
  return [
    ...wrapWords(head, width),
    ...renderTable(
      [
        { title: 'own', align: 'right' },
        { title: '95 % interval' },
        { title: 'with callees', align: 'right' },
        { title: 'function', overflow: 'start', least: 30 },
      ],
      cpu.top
        .slice(0, 10)
        .map((one) => [
          formatSeconds(one.flatSeconds),
          `${formatSeconds(one.flatInterval[0])} to ${formatSeconds(one.flatInterval[1])}`,
          formatSeconds(one.cumulativeSeconds),
          shortFunction(one.function),
        ]),
      { width, theme },
    ),
  ]
}

export function renderIssues(issues: readonly Issue[], { width, theme }: TerminalOptions): string[] {
  const lines = renderTable(
    [
      { title: 'code' },
      { title: 'what', overflow: 'wrap', least: 24 },
      { title: 'where', overflow: 'start', least: 10 },
    ],
    issues
      .slice(0, MAX_ISSUES)
      .map((issue) => [
        { text: issue.code, paint: theme[issue.severity === 'warning' ? 'warn' : 'dim'] },
        issue.count > 1 ? `${issue.message} (${formatCount(issue.count)} times)` : issue.message,
        placeOf(issue),
      ]),
    { width, theme, header: false },
  )
  if (issues.length > MAX_ISSUES)
    lines.push(theme.dim(`and ${countOf(issues.length - MAX_ISSUES, 'more doubt')}, in --json`))
  return lines
}

export function placeOf({ at }: Issue): string {
  if (at === undefined) return ''
  const parts = [at.file ?? '']
  if (at.line !== undefined) parts.push(`line ${at.line}`)
  if (at.offset !== undefined) parts.push(`offset ${at.offset}`)
  return parts.filter((part) => part !== '').join(', ')
}

export function renderCoverage(coverage: Coverage, { width, theme }: TerminalOptions, what = 'request'): string[] {
  if (coverage.missing.length === 0) return []
  const isOfSeveral = what !== 'request' || new Set(coverage.missing.map(({ target }) => target)).size > 1
  return [
    ...wrapWords(
      `${formatCount(coverage.answered)} of ${countOf(coverage.asked, what)} answered. Nothing was made up for the rest:`,
      width,
    ),
    ...renderTable(
      [
        { title: 'what', overflow: what === 'request' ? 'end' : 'start', least: 20 },
        { title: 'of', overflow: 'start', least: 12 },
        { title: 'why', overflow: 'wrap', least: 24 },
        { title: 'code' },
      ],
      coverage.missing.map((gap) => [
        gap.what,
        // Which target it was only says something where there are several.
        gap.target === undefined || gap.target === gap.what || !isOfSeveral ? '' : gap.target,
        gap.why,
        gap.code ?? '',
      ]),
      { width, theme, header: false },
    ),
  ]
}
