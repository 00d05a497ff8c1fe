/**
 * The burndown chart: what was owed over time, stacked by severity, as steps (between two runs nobody knows more), drawn
 * as plain SVG that needs no script. Beside it the debt in weighted traces a day, where it was measured, as a line.
 */
import { parseUnixNs } from '../../base/units.ts'
import { type Severity, severities } from '../../model/contract.ts'
import type { TrendPoint } from '../../model/trust/ledger.ts'
import { type Html, html, noHtml } from '../html-text.ts'
import { formatCount } from '../text.ts'
import { toneOfSeverity } from '../theme.ts'

const WIDTH = 720
const HEIGHT = 220
const LEFT = 44
const RIGHT = 12
const TOP = 12
const BOTTOM = 26
/** One hue has two severities: the worse is the fuller. */
const opacities: Readonly<Record<Severity, string>> = {
  critical: '1',
  high: '.72',
  medium: '.8',
  low: '.75',
  info: '.5',
}

type Scale = (value: number) => number

export function renderBurndown(points: readonly TrendPoint[]): Html {
  const place = scaleTimes(points)
  if (place === undefined) return noHtml
  const { ticks, scale } = scaleAmounts(Math.max(1, ...points.map(({ open }) => open)))
  const used = severities.filter((one) => points.some(({ bySeverity }) => bySeverity[one] > 0))
  const first = points[0]?.open ?? 0
  const last = points.at(-1)?.open ?? 0
  // The worst lies at the bottom, where its course is read best.
  const floors = points.map(() => 0)
  const bands = used.map((severity) => {
    const lower = [...floors]
    points.forEach(({ bySeverity }, index) => {
      floors[index] = (floors[index] as number) + bySeverity[severity]
    })
    const upper = [...floors]
    return html`<path class="${toneOfSeverity(severity)}" fill="currentColor" fill-opacity="${opacities[severity]}" d="${drawBand(place.at, lower, upper, scale)}"><title>${severity}</title></path>`
  })
  return html`<div class="chart"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="100%" role="img" aria-label="Findings owed: ${formatCount(first)} at first, ${formatCount(last)} now">${drawGrid(ticks, scale)}${bands}${place.labels}</svg>
<p class="lead">${used.map((severity) => html`<svg width="12" height="12" aria-hidden="true"><rect class="${toneOfSeverity(severity)}" fill="currentColor" fill-opacity="${opacities[severity]}" width="12" height="12"/></svg> ${severity} `)}</p></div>`
}

export function renderDebtLine(points: readonly TrendPoint[]): Html {
  const place = scaleTimes(points)
  const most = Math.max(0, ...points.map(({ debt }) => debt))
  if (place === undefined || most === 0) return noHtml
  const { ticks, scale } = scaleAmounts(most)
  const debts = points.map(({ debt }) => debt)
  return html`<div class="chart"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="100%" role="img" aria-label="Debt: ${formatCount(debts[0] ?? 0)} at first, ${formatCount(debts.at(-1) ?? 0)} now">${drawGrid(ticks, scale)}<path class="note" fill="none" stroke="currentColor" stroke-width="2" d="${drawSteps(place.at, debts, scale)}"/>${place.labels}</svg></div>`
}

/** Undefined where there are not two times to draw a line between. */
function scaleTimes(
  points: readonly TrendPoint[],
): { readonly at: readonly number[]; readonly labels: readonly Html[] } | undefined {
  const times = points.map(({ at }) => Number((parseUnixNs(at) ?? 0n) / 1_000_000n))
  const first = times[0]
  const last = times.at(-1)
  if (first === undefined || last === undefined || first === last) return undefined
  // The last run's word is seen too: it holds on to the edge.
  const span = (last - first) * 1.05
  const at = times.map((time) => LEFT + ((time - first) / span) * (WIDTH - LEFT - RIGHT))
  const isLong = last - first > 2 * 86_400_000
  const middle = first + span / 2
  const anchors = ['start', 'middle', 'end'] as const
  const labels = [first, middle, first + span].map((time, index) => {
    const text = new Date(time).toISOString()
    const x = [LEFT, (LEFT + WIDTH - RIGHT) / 2, WIDTH - RIGHT][index] as number
    return html`<text class="dim" fill="currentColor" font-size="12" x="${round(x)}" y="${HEIGHT - 8}" text-anchor="${anchors[index]}">${isLong ? text.slice(0, 10) : text.slice(0, 16).replace('T', ' ')}</text>`
  })
  return { at, labels }
}

/** From 0 to a round number; three to six lines. */
function scaleAmounts(most: number): { readonly ticks: readonly number[]; readonly scale: Scale } {
  const power = 10 ** Math.floor(Math.log10(most / 4 || 1))
  const step = Math.max(
    most >= 4 ? ([1, 2, 5, 10].map((one) => one * power).find((one) => one * 5 >= most) ?? power) : 1,
    most < 1 ? most : 1,
  )
  const top = Math.ceil(most / step) * step
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step)
  return { ticks, scale: (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM) }
}

function drawGrid(ticks: readonly number[], scale: Scale): readonly Html[] {
  return ticks.map((tick) => {
    const y = round(scale(tick))
    return html`<rect class="fill-line" x="${LEFT}" y="${y}" width="${WIDTH - LEFT - RIGHT}" height="1"/><text class="dim" fill="currentColor" font-size="12" x="${LEFT - 6}" y="${round(scale(tick) + 4)}" text-anchor="end">${sayTick(tick)}</text>`
  })
}

function drawBand(x: readonly number[], lower: readonly number[], upper: readonly number[], scale: Scale): string {
  const back: string[] = []
  for (let index = x.length - 1; index >= 0; index -= 1) {
    const y = round(scale(lower[index] as number))
    back.push(`V${y}H${round(x[index] as number)}`)
  }
  return `${drawSteps(x, upper, scale)}${back.join('')}Z`
}

/** Each value holds until the next is known. */
function drawSteps(x: readonly number[], values: readonly number[], scale: Scale): string {
  return values
    .map((value, index) => {
      const y = round(scale(value))
      return index === 0 ? `M${round(x[0] as number)} ${y}` : `H${round(x[index] as number)}V${y}`
    })
    .concat(`H${WIDTH - RIGHT}`)
    .join('')
}

/** `250k`: what fits beside the axis. */
function sayTick(tick: number): string {
  const unit = [
    { size: 1e9, name: 'G' },
    { size: 1e6, name: 'M' },
    { size: 1e4, name: 'k' },
  ].find(({ size }) => tick >= size)
  if (unit === undefined) return tick < 1 ? String(Number(tick.toPrecision(2))) : formatCount(tick)
  return `${Number((tick / (unit.name === 'k' ? 1e3 : unit.size)).toPrecision(3))}${unit.name}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
