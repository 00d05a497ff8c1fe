/**
 * One span for the terminal, as someone needs it at night: what it is and how sure the join is, a bar of what its
 * goroutine did, where it waited (the user's frame first), who ended the longest waits and how that came about, what it
 * made, and what is not explained, with the reason. Enters: `span` and `join` of `timeline --json`.
 */
import { formatDuration } from '../../base/units.ts'
import type {
  JoinSummary,
  SpanAnswer,
  SpanPathStep,
  SpanStack,
  SpanStay,
  SpanWaitRow,
  SpanWaker,
} from '../../model/span-join.ts'
import type { StateTimes } from '../../model/trace-account.ts'
import { renderTable } from '../table.ts'
import {
  countOf,
  cutEnd,
  endSentence,
  escapeControls,
  formatCount,
  formatShare,
  fullPlace,
  joinAnd,
  shortFunction,
  shortPlace,
  widthOf,
  wrapWords,
} from '../text.ts'
import type { Theme } from '../theme.ts'
import { nameFunction, say, sayTime, section, WIDE } from './terminal-lines.ts'

type Options = { readonly width: number; readonly theme: Theme; readonly top?: number }

const MAX_WAITS = 8
const MAX_CHAINS = 3
const MAX_STEPS = 12
const MAX_FRAMES = 6
const MAX_MADE = 10
const MAX_NOTES = 12
const MAX_NAMES = 15
/** Parts of the path shorter than this share of it are put together. */
const SMALL_SHARE = 0.005

const states = [
  ['running', 'runningNs', 'good', '█'],
  ['runnable', 'runnableNs', 'warn', '▒'],
  ['waiting', 'waitingNs', 'note', '·'],
  ['system calls', 'syscallNs', 'bad', '▪'],
] as const satisfies readonly (readonly [string, keyof StateTimes, keyof Theme, string])[]

/** How it was found, for people. */
const rungs: Readonly<Record<number, string>> = {
  0: 'by the name and times of its task (rung 0)',
  1: 'by its id in the trace (rung 1)',
  3: 'by the id that Datadog’s tracer logged (rung 3)',
  4: 'by its time only (rung 4)',
}

const confidences = { certain: 'Certain', probable: 'Probable', partial: 'Partial' } as const

export function renderSpan(span: SpanAnswer, options: Options): string[] {
  const { theme } = options
  return [
    ...renderHead(span, options),
    ...renderBar(span, options),
    ...renderSum(span, options),
    ...section('Not explained', renderUnexplained(span, options), theme),
    ...section('Where it did not run', renderWaits(span, options), theme),
    ...section('What ended its longest waits', renderChains(span.longest, options), theme),
    ...section('Goroutines made under it', renderMade(span, options), theme),
    ...section('From its begin to its end: who did what, so that it could end', renderPath(span, options), theme),
    ...section('Regions', renderRegions(span, options), theme),
    ...section('Logs', renderLogs(span, options), theme),
    ...section('What else it could be', renderCandidates(span, options), theme),
  ]
}

/** The table by name of --spans. */
export function renderJoin(join: JoinSummary, options: Options): string[] {
  const { names = [] } = join
  const parts = [
    `${formatCount(join.certain)} certain`,
    ...(join.probable > 0 ? [`${formatCount(join.probable)} probable`] : []),
    ...(join.partial > 0 ? [`${formatCount(join.partial)} partial`] : []),
    ...(join.unmatched === undefined || join.unmatched === 0 ? [] : [`${formatCount(join.unmatched)} of no goroutine`]),
  ]
  const outside =
    join.outside === undefined || join.outside === 0 ? '' : `; ${formatCount(join.outside)} more lie outside its time`
  return [
    ...say(`${countOf(join.spans, 'span')}: ${joinAnd(parts)}, ${rungs[join.rung] ?? ''}${outside}.`, options),
    ...renderTable(
      [
        { title: 'count', align: 'right' },
        { title: 'time', align: 'right' },
        { title: 'longest', align: 'right' },
        { title: 'running', align: 'right' },
        { title: 'runnable', align: 'right' },
        { title: 'waiting', align: 'right' },
        { title: 'syscall', align: 'right' },
        { title: 'made', align: 'right' },
        { title: 'span', overflow: 'end', least: 20 },
      ],
      names
        .slice(0, options.top ?? MAX_NAMES)
        .map((row) => [
          formatCount(row.count),
          formatDuration(row.ns),
          formatDuration(row.maxNs),
          ...(['runningNs', 'runnableNs', 'waitingNs', 'syscallNs'] as const).map((key) => sayTime(row[key])),
          row.createdCount === 0 ? '' : formatCount(row.createdCount),
          row.name === '' ? 'only its end was seen' : row.name,
        ]),
      options,
    ),
  ]
}

function renderHead(span: SpanAnswer, options: Options): string[] {
  const { theme } = options
  const tone = span.confidence === 'certain' ? 'good' : 'warn'
  const ids = [
    ...(span.spanId === undefined ? [] : [`span ${span.spanId}`]),
    ...(span.traceId === undefined ? [] : [`trace ${span.traceId}`]),
    ...(span.task === undefined ? [] : [`task ${span.task}`]),
    ...(span.service === undefined ? [] : [span.service]),
  ]
  const where = `${formatDuration(span.startNs)} to ${formatDuration(span.startNs + span.durationNs)} of the trace`
  const on =
    span.goroutine === undefined
      ? 'on a goroutine that is not known'
      : `on goroutine ${span.goroutine} ${nameFunction(span.startFunction)}`
  const how = span.kind === 'region' ? 'by its region' : span.kind === 'task' ? 'by its task' : (rungs[span.rung] ?? '')
  const ended = span.endGoroutine === undefined ? '' : `, ended on goroutine ${span.endGoroutine}`
  const found =
    span.confidence === undefined
      ? 'Not found on any goroutine: only its time is known (rung 4).'
      : `${confidences[span.confidence]}: found ${how}, ${on}${ended}.`
  return [
    ...say(
      `${span.name === '' ? 'a span without a name' : span.name}  ${formatDuration(span.durationNs)}`,
      options,
    ).map(theme.strong),
    ...say(found, options).map(theme[tone]),
    ...span.doubts.flatMap((doubt) => say(`· ${endSentence(doubt)}`, options).map(theme.warn)),
    ...(span.sameName === undefined ? [] : say(`The longest of ${formatCount(span.sameName)} of that name.`, options)),
    ...say([...ids, where].join(' · '), options).map(theme.dim),
  ]
}

/** One line: what its goroutine mostly did in each part. */
function renderBar({ bar, durationNs, states: times }: SpanAnswer, { width, theme }: Options): string[] {
  if (bar === undefined || times === undefined) return []
  const columns = Math.min(bar.waitingNs.length, width)
  const per = bar.waitingNs.length / columns
  const cells = Array.from({ length: columns }, (_, column) => {
    const from = Math.floor(column * per)
    const sums = states.map(([, key]) =>
      bar[key].slice(from, Math.max(from + 1, Math.floor((column + 1) * per))).reduce((sum, ns) => sum + ns, 0),
    )
    const most = Math.max(...sums)
    const state = most > 0 ? states[sums.indexOf(most)] : undefined
    return state === undefined ? ' ' : theme[state[2]](state[3])
  })
  const end = formatDuration(durationNs)
  const legend = states
    .filter(([, key]) => times[key] > 0)
    .map(([name, key, tone, mark]) => {
      const text = `${name} ${formatDuration(times[key])} (${formatShare(times[key] / durationNs)})`
      return { text: `${theme[tone](mark)} ${text}`, width: widthOf(text) + 2 }
    })
  return ['', cells.join('').trimEnd(), theme.dim(`0${end.padStart(columns - 1)}`), ...joinLegend(legend, width)]
}

/** Side by side where they fit. The marks are painted, so widths are those of the plain texts. */
function joinLegend(entries: readonly { readonly text: string; readonly width: number }[], width: number): string[] {
  const whole = entries.reduce((sum, one) => sum + one.width + 2, -2)
  const texts = entries.map(({ text }) => text)
  return whole <= width ? [texts.join('  ')] : texts
}

function renderSum(span: SpanAnswer, options: Options): string[] {
  const { states: times, sumNs, explainedRatio, reported, clockErrorNs, assistNs = 0, stoppedNs = 0 } = span
  if (times === undefined || sumNs === undefined || explainedRatio === undefined) return []
  const facts = [
    `States add up to ${formatDuration(sumNs)} of ${formatDuration(span.durationNs)}; ${formatShare(explainedRatio)} of the span is explained.`,
  ]
  if (reported !== undefined && reported.differenceNs !== 0) {
    const error = clockErrorNs === undefined ? '' : `; the clocks agree within ${formatDuration(clockErrorNs)}`
    const what = reported.differenceNs < 0 ? 'more' : 'less'
    facts.push(
      `The span as exported is ${formatDuration(reported.durationNs)}, ${formatDuration(Math.abs(reported.differenceNs))} ${what}${error}.`,
    )
  }
  if (assistNs > 0) facts.push(`Within it ${formatDuration(assistNs)} went to helping the garbage collector.`)
  if (stoppedNs > 0) facts.push(`The world was stopped for ${formatDuration(stoppedNs)} of it.`)
  return ['', ...say(facts.join(' '), options)]
}

function renderUnexplained({ unexplained, goroutine }: SpanAnswer, options: Options): string[] {
  const lines = unexplained.flatMap(({ ns, why }) =>
    say(`${formatDuration(ns)}: ${endSentence(why)}`, options).map(options.theme.warn),
  )
  if (goroutine !== undefined) return lines
  return [
    ...lines,
    ...say(
      'docs/span-join.md has the few lines with which a service writes the ids of its spans into a trace.',
      options,
    ),
  ]
}

function renderWaits({ waits, durationNs }: SpanAnswer, options: Options): string[] {
  const { theme, top = MAX_WAITS } = options
  const shown = waits.filter(({ ns }, at) => at < top && (at < 1 || ns >= durationNs * SMALL_SHARE))
  const rest = waits.slice(shown.length)
  const lines = shown.flatMap((row) => [
    ...say(
      `${formatDuration(row.ns)}  ${formatShare(row.ns / durationNs)}  ${sayReason(row)}${row.count === 1 ? '' : `, ${countOf(row.count, 'time')}, longest ${formatDuration(row.maxNs)}`}${row.blind ? ', in no profile' : ''}`,
      options,
    ),
    ...renderStack(row.stack, options),
  ])
  if (rest.length === 0) return lines
  const ns = rest.reduce((sum, row) => sum + row.ns, 0)
  return [...lines, theme.dim(`and ${formatDuration(ns)} in ${countOf(rest.length, 'more place')}, in --json`)]
}

function renderChains(longest: readonly SpanStay[], options: Options): string[] {
  const waits = longest.filter(({ wokenBy }) => wokenBy !== undefined).slice(0, MAX_CHAINS)
  return waits.flatMap((stay) => {
    const { wokenBy, path = [] } = stay
    const at = userFunction(stay.stack)
    return [
      ...say(
        `${formatDuration(stay.ns)} ${sayReason(stay)}${at === '' ? '' : ` in ${at}`}, ended by ${sayWaker(wokenBy ?? {})}${path.length > 0 ? '; until then:' : ''}`,
        options,
      ),
      ...renderSteps(path, stay.ns, options),
    ]
  })
}

function sayWaker({ goroutine, startFunction, stack }: SpanWaker): string {
  if (goroutine === undefined) return 'no goroutine: a timer, the network poller or the runtime'
  const at = stack === undefined ? '' : userFunction(stack)
  const name = nameFunction(startFunction)
  return `goroutine ${goroutine} ${name}${at === '' || at === name ? '' : `, at ${at}`}`
}

function renderSteps(path: readonly SpanPathStep[], totalNs: number, options: Options): string[] {
  const merged = mergeSteps(path, totalNs)
  const shown = merged.slice(-MAX_STEPS)
  const lines = shown.flatMap((step) => {
    const at = userFunction(step.stack)
    const reason = step.reason === undefined ? '' : ` (${step.reason})`
    const where = at === '' || step.state === 'running' ? '' : ` in ${at}`
    const woke = step.woke === undefined ? '' : `, then let goroutine ${step.woke} go on`
    const who = `goroutine ${step.goroutine} ${nameFunction(step.startFunction)}`
    return say(`${formatDuration(step.ns).padStart(7)}  ${who}: ${step.state}${reason}${where}${woke}`, {
      ...options,
      width: options.width - 2,
    }).map((line) => `  ${line}`)
  })
  return merged.length > shown.length
    ? [options.theme.dim(`  ${countOf(merged.length - shown.length, 'earlier step')}, in --json`), ...lines]
    : lines
}

/** Short steps go into the one before of the same goroutine, so that the long ones stand out. */
function mergeSteps(path: readonly SpanPathStep[], totalNs: number): SpanPathStep[] {
  const merged: SpanPathStep[] = []
  for (const step of path) {
    const last = merged.at(-1)
    const isSmall = Math.min(step.ns, last?.ns ?? 0) < totalNs * SMALL_SHARE
    if (last === undefined || last.goroutine !== step.goroutine || !isSmall) {
      merged.push(step)
      continue
    }
    const main = step.ns > last.ns ? step : last
    merged[merged.length - 1] = {
      ...main,
      startNs: last.startNs,
      ns: last.ns + step.ns,
      ...(step.woke === undefined ? {} : { woke: step.woke }),
    }
  }
  return merged
}

function renderPath({ path, durationNs, pathCut }: SpanAnswer, options: Options): string[] {
  if (new Set(path.map(({ goroutine }) => goroutine)).size < 2) return []
  const lines = renderSteps(path, durationNs, options)
  return pathCut === true ? [...lines, options.theme.dim('  Its earlier part is not kept.')] : lines
}

function renderMade({ created }: SpanAnswer, options: Options): string[] {
  if (created === undefined || created.count === 0) return []
  const { width, theme, top = MAX_MADE } = options
  const total = states.map(([name, key]) => [name, created[key]] as const).filter(([, ns]) => ns > 0)
  const lines = say(
    `${countOf(created.count, 'goroutine')} until the span ended: ${joinAnd(total.map(([name, ns]) => `${name} ${formatDuration(ns)}`))}`,
    options,
  )
  const rows = renderTable(
    [
      { title: 'goroutine', align: 'right' },
      { title: 'there for', align: 'right' },
      { title: 'running', align: 'right' },
      { title: 'runnable', align: 'right' },
      { title: 'waiting', align: 'right' },
      { title: 'syscall', align: 'right' },
      { title: 'mostly', overflow: 'end', least: 14 },
      { title: 'start function', overflow: 'start', least: 20 },
    ],
    created.goroutines
      .slice(0, top)
      .map((one) => [
        String(one.goroutine),
        formatDuration(one.ns),
        ...(['runningNs', 'runnableNs', 'waitingNs', 'syscallNs'] as const).map((key) => sayTime(one[key])),
        one.mostly === undefined
          ? ''
          : `${one.mostly.reason === '' ? one.mostly.waitClass : one.mostly.reason} in ${userFunction(one.mostly.stack)}`,
        nameFunction(one.startFunction),
      ]),
    { width, theme },
  )
  const more = created.count - Math.min(created.goroutines.length, top)
  return [...lines, ...rows, ...(more > 0 ? [theme.dim(`and ${countOf(more, 'more goroutine')}`)] : [])]
}

function renderRegions({ regions }: SpanAnswer, options: Options): string[] {
  return regions
    .slice(0, MAX_NOTES)
    .flatMap(({ name, goroutine, ns, open }) =>
      say(`${formatDuration(ns)}  ${name}, goroutine ${goroutine}${open ? ', still open at its end' : ''}`, options),
    )
}

function renderLogs({ logs, startNs }: SpanAnswer, options: Options): string[] {
  return logs
    .slice(0, MAX_NOTES)
    .flatMap(({ timeNs, goroutine, category, message }) =>
      say(
        `+${formatDuration(timeNs - startNs)}  ${category === '' ? '' : `${category}: `}${message} (goroutine ${goroutine})`,
        options,
      ),
    )
}

function renderCandidates({ candidates }: SpanAnswer, options: Options): string[] {
  return candidates.flatMap(({ name, task, goroutine, startNs, durationNs, endOffNs }) => {
    const off =
      endOffNs === undefined
        ? ''
        : `, its end ${formatDuration(Math.abs(endOffNs))} ${endOffNs < 0 ? 'before' : 'after'} the span’s`
    const what = task === undefined ? '' : ` task ${task},`
    return say(
      `${name}:${what} goroutine ${goroutine}, ${formatDuration(durationNs)} from ${formatDuration(startNs)}${off}`,
      options,
    )
  })
}

/** The user's frame first, then what it called, so that the eye need not look for it. */
function renderStack({ frames, userFrame }: SpanStack, { width, theme }: Options): string[] {
  const from = userFrame ?? 0
  const isWide = width >= WIDE
  const line = ({ function: name, file, line: number }: SpanStack['frames'][number]) =>
    cutEnd(
      escapeControls(`${shortFunction(name)}  ${isWide ? fullPlace(file, number) : shortPlace(file, number)}`),
      width - 4,
    )
  const own = frames
    .slice(from, from + MAX_FRAMES)
    .map((frame, at) => `    ${at === 0 ? line(frame) : theme.dim(line(frame))}`)
  const called = frames.slice(0, from).map(({ function: name }) => shortFunction(name))
  if (called.length === 0) return own
  return [
    ...own.slice(0, 1),
    ...wrapWords(escapeControls(`calls ${called.toReversed().join(' → ')}`), width - 6).map(
      (text) => `      ${theme.dim(text)}`,
    ),
    ...own.slice(1),
  ]
}

function userFunction({ frames, userFrame }: SpanStack): string {
  const frame = frames[userFrame ?? 0]
  return frame === undefined ? '' : shortFunction(frame.function)
}

function sayReason({ state, reason, waitClass }: Pick<SpanWaitRow, 'state' | 'reason' | 'waitClass'>): string {
  if (state === 'syscall') return 'in a system call'
  if (state === 'runnable') return `runnable (${reason})`
  if (reason === '')
    return waitClass === 'unknown' ? 'waiting, for what is not said' : `waiting (${waitClass}, by its stack)`
  return `waiting: ${reason}${waitClass === reason ? '' : ` (${waitClass})`}`
}
