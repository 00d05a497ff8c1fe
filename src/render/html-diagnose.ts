/**
 * A diagnosis as one self-contained HTML file: no scripts, no requests, nothing of the target's but as escaped text.
 * Enters: one report or several (one per target). Leaves: the whole document.
 * The policy allows this page's own style (by hash) and nothing else, so that even a hole in the escaping runs nothing.
 */
import { formatDuration, formatSize } from '../base/units.ts'
import type { BlindSpot, CpuReport, DiagnoseData, GoroutineGroup, LensReport, Verdict } from '../model/diagnosis.ts'
import type { Lens } from '../model/lens.ts'
import {
  type Answer,
  answerDiagnosis,
  type DiagnoseReport,
  rankBlindSpots,
  sayHowLong,
  sayTracedHere,
  type Trouble,
  userFrame,
} from './answer.ts'
import { STYLE, STYLE_HASH } from './html-style.ts'
import { type Html, html, htmlLines, noHtml } from './html-text.ts'
import { placeOf } from './terminal-diagnose.ts'
import { capitalize, countOf, endSentence, formatCount, formatSeconds, formatShare, fullPlace } from './text.ts'
import { toneOfGrade, toneOfSeverity, toneOfState, toneOfVerdict } from './theme.ts'

export type HtmlOptions = { readonly version: string }

const MAX_GROUPS = 300
const MAX_TROUBLES = 50
const MAX_FRAMES = 64
const MAX_EVIDENCE = 5
const MAX_TRACED = 5

export function renderHtmlReport(reports: readonly DiagnoseReport[], { version }: HtmlOptions): string {
  const title =
    reports.length === 1 && reports[0] !== undefined ? reports[0].data.target.service : `${reports.length} targets`
  const policy = `default-src 'none'; style-src '${STYLE_HASH}'; base-uri 'none'; form-action 'none'`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Sightline: ${title}</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<main>
${reports.map((report, index) => renderTarget(report, reports.length > 1 ? `t${index + 1}-` : ''))}
<footer>Made by Sightline ${version}. The same capture gives the same verdict on any machine. Shares are of goroutine time in the window; idle goroutines are in none of them.</footer>
</main>
</body>
</html>
`.markup
}

function renderTarget(report: DiagnoseReport, prefix: string): Html {
  const { data } = report
  const answer = answerDiagnosis(report)
  const tone = toneOfGrade(answer.grade)
  return html`<div class="target">
<header class="brand"><strong>${answer.subject}</strong>${answer.facts.map((fact) => html`<span>${fact}</span>`)}${renderWhen(data)}</header>
<section>
<span class="grade ${tone}">${answer.grade}</span>
<h1>${capitalize(answer.headline)}</h1>
<ul class="because">${answer.because.map((reason) => html`<li>${reason}</li>`)}</ul>
${renderRatios(data.verdict)}
</section>
${renderTroubles(answer, prefix)}
${renderSteps(answer)}
${renderGroups(data, prefix)}
${renderBlindSpots(data.blindSpots)}
${renderLenses(data.lenses)}
${renderCpu(data.cpu)}
${renderDoubts(report)}
</div>`
}

function renderWhen({ window }: DiagnoseData): Html {
  return window.startTime === undefined
    ? noHtml
    : html`<span>${window.startTime.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</span>`
}

/** The shares as a bar; widths are SVG attributes, which the policy allows. */
function renderRatios({ blindRatio, explainedRatio }: Verdict): Html {
  if (blindRatio === undefined) return noHtml
  const blind = clampRatio(blindRatio)
  const explained =
    explainedRatio === undefined
      ? undefined
      : html`<span>${formatShare(explainedRatio)} has a known state and reason</span>`
  return html`<figure><svg role="img" aria-label="${formatShare(blind)} of the goroutine time is in no profile that is on"><rect class="fill-seen" width="100%" height="100%"/><rect class="fill-blind" width="${(blind * 100).toFixed(2)}%" height="100%"/></svg>
<figcaption><span class="key blind">${formatShare(blind)} in no profile that is on</span><span class="key seen">${formatShare(1 - blind)} that a profile can record</span>${explained}</figcaption></figure>`
}

function clampRatio(ratio: number): number {
  return Math.min(1, Math.max(0, ratio))
}

function renderTroubles({ troubles }: Answer, prefix: string): Html {
  if (troubles.length === 0) return noHtml
  const more = troubles.length - MAX_TROUBLES
  return html`<section><h2>What is wrong</h2>
${troubles.slice(0, MAX_TROUBLES).map((trouble) => renderTrouble(trouble, prefix))}
${more > 0 ? html`<p class="dim">and ${formatCount(more)} more, in the JSON report</p>` : noHtml}</section>`
}

function renderTrouble(trouble: Trouble, prefix: string): Html {
  const { group, finding, fix } = trouble
  const tone = toneOfSeverity(trouble.severity)
  const rows: Html[] = []
  const row = (name: string, value: Html) => rows.push(html`<dt>${name}</dt><dd>${value}</dd>`)
  if (group !== undefined) {
    const frame = userFrame(group)
    row('where', html`<code>${frame.function}</code><code class="place">${frame.place}</code>`)
    row(
      'waits',
      html`${[group.waitReason ?? group.state, trouble.howLong ?? ''].filter((part) => part !== '').join(', ')}`,
    )
    if (group.createdBy !== undefined) {
      row(
        'started by',
        html`<code>${group.createdBy.function}</code><code class="place">${fullPlace(group.createdBy.file, group.createdBy.line)}</code>`,
      )
    }
  }
  if (trouble.blockedBy !== undefined) row('held up by', html`${trouble.blockedBy}`)
  if (trouble.why !== undefined) row('why', html`${trouble.why}`)
  if (trouble.missedBy.length > 0) row('never in', renderLensNames(trouble.missedBy, 'dim'))
  if (trouble.seenBy.length > 0) row('shown by', renderLensNames(trouble.seenBy, 'good'))
  return html`<article class="trouble ${tone}"><div class="top"><h3>${trouble.title}</h3><span class="pill ${tone}">${trouble.severity}, ${trouble.confidence}</span></div>
<dl class="facts">${rows}</dl>
${fix === undefined ? noHtml : html`<p class="fix">${endSentence(fix.summary)}${renderLink(fix.doc)}</p>`}
${group === undefined ? noHtml : html`<details><summary>stack (group <a href="#${prefix}${group.id}">${group.id}</a>)</summary>${renderStack(group)}</details>`}
${finding === undefined ? noHtml : renderEvidence(finding.evidence)}</article>`
}

/** A link only where it surely is one: documents of ours are named, not linked. */
function renderLink(doc: string | undefined): Html {
  if (doc === undefined) return noHtml
  return /^https:\/\/[\w./#?=&%-]+$/.test(doc)
    ? html` <a href="${doc}">Read more</a>`
    : html` <span class="dim">See ${doc}.</span>`
}

function renderLensNames(lenses: readonly Lens[], tone: string): Html {
  return html`${lenses.map((lens) => html`<span class="pill ${tone}">${lens}</span> `)}`
}

function renderEvidence(evidence: DiagnoseReport['findings'][number]['evidence']): Html {
  const items = evidence
    .slice(0, MAX_EVIDENCE)
    .map(
      (one) =>
        html`<p class="dim">${one.source}${one.at === undefined ? '' : `, ${one.at}`}</p>${one.excerpt === undefined ? noHtml : html`<pre>${htmlLines(one.excerpt)}</pre>`}`,
    )
  const more = evidence.length - MAX_EVIDENCE
  return html`<details><summary>evidence (${countOf(evidence.length, 'place')})</summary>${items}${more > 0 ? html`<p class="dim">and ${more} more</p>` : noHtml}</details>`
}

function renderStack({ stack }: GoroutineGroup): Html {
  const lines = stack.slice(0, MAX_FRAMES).map((frame) => {
    const place = fullPlace(frame.file, frame.line)
    return html`${frame.function}${place === '' ? '' : `  ${place}`}\n`
  })
  const more = stack.length - MAX_FRAMES
  return html`<pre>${lines}${more > 0 ? `… ${more} more frames` : ''}</pre>`
}

function renderSteps({ steps }: Answer): Html {
  if (steps.length === 0) return noHtml
  return html`<section><h2>What to do next</h2><ol class="steps">${steps.map(
    (step) =>
      html`<li>${step.what}${step.because === undefined ? noHtml : html`<span class="dim">${step.because}</span>`}</li>`,
  )}</ol></section>`
}

function renderGroups({ goroutines }: DiagnoseData, prefix: string): Html {
  const { groups, count } = goroutines
  if (groups.length === 0) return noHtml
  const left = groups.slice(MAX_GROUPS)
  const stacks = goroutines.stackBytes === undefined ? '' : ` Their stacks take ${formatSize(goroutines.stackBytes)}.`
  return html`<section><h2>Goroutines</h2><p class="lead">${countOf(count, 'goroutine')} in ${countOf(groups.length, 'group')}: same state, same reason, same stack.${stacks}</p>
${groups.slice(0, MAX_GROUPS).map((group) => renderGroup(group, prefix))}
${left.length > 0 ? html`<p class="dim">and ${countOf(left.length, 'more group')}, in the JSON report</p>` : noHtml}</section>`
}

function renderGroup(group: GoroutineGroup, prefix: string): Html {
  const frame = userFrame(group)
  const traced = sayTracedHere(group)
  const howLong = traced === undefined ? sayHowLong(group) : `${traced} here, by the trace`
  const labels = Object.entries(group.labels).map(([name, value]) => `${name}=${value}`)
  return html`<details class="group" id="${prefix}${group.id}"><summary><span class="id mono">${group.id}</span><span class="n">${formatCount(group.count)}</span><span class="${toneOfVerdict(group.verdict)}">${group.verdict}</span><span class="why">${group.waitReason ?? group.state}${howLong === undefined ? '' : `, ${howLong}`}</span><code class="fn">${frame.function}</code></summary>
<div class="body"><p>${capitalize(endSentence(group.why))} <span class="dim">${capitalize(group.confidence)}.</span></p>
${group.createdBy === undefined ? noHtml : html`<p class="dim">started by <code>${group.createdBy.function}</code> <code>${fullPlace(group.createdBy.file, group.createdBy.line)}</code></p>`}
${labels.length === 0 ? noHtml : html`<p class="dim">labels: <code>${labels.join(' ')}</code></p>`}
${renderTraced(group)}<p class="dim">shown by ${renderLensNames(group.seenBy, 'good')} not by ${renderLensNames(group.notSeenBy, 'dim')}</p>
${renderStack(group)}</div></details>`
}

/** What its goroutines did while the trace was on, by reason. */
function renderTraced({ traced }: GoroutineGroup): Html {
  if (traced === undefined || traced.waits.length === 0) return noHtml
  return html`<p class="dim">in the execution trace (${formatDuration(traced.windowNs)}): ${traced.waits
    .slice(0, MAX_TRACED)
    .map(
      (wait, index) =>
        html`${index === 0 ? '' : '; '}${wait.blockReason === '' ? 'no reason' : wait.blockReason}${wait.here ? '' : ' elsewhere'} ${formatDuration(wait.ns)}, ${countOf(wait.count, 'time')}, longest ${formatDuration(wait.maxNs)}${wait.reasonFrom === undefined ? '' : ` (reason from ${wait.reasonFrom})`}`,
    )}</p>`
}

function renderBlindSpots(spots: readonly BlindSpot[]): Html {
  if (spots.length === 0) return noHtml
  return html`<section><h2>What no profile that is on can show</h2><div class="scroll"><table class="stack-table"><thead><tr><th class="n">goroutines</th><th class="n">their time</th><th class="n">traced</th><th>what</th><th>shown by</th><th>how to see it</th></tr></thead><tbody>${rankBlindSpots(
    spots,
  ).map(
    (spot) =>
      html`<tr><td class="n" data-name="goroutines">${formatCount(spot.goroutineCount)}</td><td class="n" data-name="their time">${
        spot.goroutineSeconds === undefined ? 'unknown' : formatSeconds(spot.goroutineSeconds)
      }</td><td class="n" data-name="traced">${
        spot.tracedGoroutineSeconds === undefined ? '' : formatSeconds(spot.tracedGoroutineSeconds)
      }</td><td>${spot.what}</td><td>${renderLensNames(spot.lensesThatShowIt, 'good')}</td><td>${endSentence(spot.turnOn)}${
        spot.cost === undefined ? noHtml : html` <span class="dim">Cost: ${endSentence(spot.cost)}</span>`
      }</td></tr>`,
  )}</tbody></table></div></section>`
}

function renderLenses(lenses: readonly LensReport[]): Html {
  if (lenses.length === 0) return noHtml
  return html`<section><h2>Lenses</h2><div class="scroll"><table class="stack-table"><thead><tr><th>lens</th><th>state</th><th>sees</th><th>cannot see</th><th>how to turn it on</th></tr></thead><tbody>${lenses.map(
    (lens) =>
      html`<tr><td><strong>${lens.lens}</strong></td><td><span class="pill ${toneOfState(lens.state)}">${lens.state}</span>${
        lens.because === undefined ? noHtml : html` <span class="dim">${endSentence(lens.because)}</span>`
      }</td><td data-name="sees">${lens.sees}</td><td data-name="cannot see">${lens.cannotSee}</td>${lens.state === 'on' ? html`<td></td>` : html`<td data-name="turn on">${lens.turnOn}</td>`}</tr>`,
  )}</tbody></table></div></section>`
}

function renderCpu(cpu: CpuReport): Html {
  if (cpu.state === 'absent') return noHtml
  const over = cpu.windowNs === undefined ? '' : ` over ${formatDuration(cpu.windowNs)}`
  const samples = countOf(cpu.samples ?? 0, 'sample')
  if (cpu.state === 'insufficient') {
    return html`<section><h2>CPU</h2><p>${samples}${over}: too few to say what ran.</p></section>`
  }
  const widest = Math.max(...cpu.top.map((one) => one.flatInterval[1]), 1e-9)
  const percent = (seconds: number) => `${((Math.max(0, seconds) / widest) * 100).toFixed(2)}%`
  const smallest =
    cpu.smallestShareRatio === undefined
      ? ''
      : ` A function below ${formatShare(cpu.smallestShareRatio)} cannot be told from none.`
  return html`<section><h2>CPU</h2><p class="lead">${formatSeconds(cpu.totalSeconds ?? 0)} of CPU${over}, ${samples}.${smallest}</p><div class="scroll"><table><thead><tr><th class="n">own</th><th>95 % interval</th><th class="n">with callees</th><th>function</th></tr></thead><tbody>${cpu.top
    .slice(0, 20)
    .map(
      (one) =>
        html`<tr><td class="n">${formatSeconds(one.flatSeconds)}</td><td>${formatSeconds(one.flatInterval[0])} to ${formatSeconds(one.flatInterval[1])}<svg width="100%" height="4" aria-hidden="true"><rect class="fill-line" width="100%" height="4"/><rect class="fill-note" x="${percent(one.flatInterval[0])}" width="${percent(one.flatInterval[1] - one.flatInterval[0])}" height="4"/></svg></td><td class="n">${formatSeconds(one.cumulativeSeconds)}</td><td class="fn"><code>${one.function}</code></td></tr>`,
    )}</tbody></table></div></section>`
}

function renderDoubts({ issues, coverage }: DiagnoseReport): Html {
  const doubts =
    issues.length === 0
      ? noHtml
      : html`<section><h2>Doubts about the data</h2><div class="scroll"><table class="stack-table"><tbody>${issues.map(
          (issue) =>
            html`<tr><td><code class="${issue.severity === 'warning' ? 'warn' : 'dim'}">${issue.code}</code></td><td>${issue.message}${issue.count > 1 ? ` (${formatCount(issue.count)} times)` : ''}</td><td class="dim">${placeOf(issue)}</td></tr>`,
        )}</tbody></table></div></section>`
  const gaps =
    coverage.asked === 0
      ? noHtml
      : html`<section><h2>What answered</h2><p class="lead">${formatCount(coverage.answered)} of ${countOf(coverage.asked, 'request')}.${coverage.missing.length === 0 ? '' : ' Nothing was made up for the rest.'}</p>${
          coverage.missing.length === 0
            ? noHtml
            : html`<div class="scroll"><table class="stack-table"><tbody>${coverage.missing.map(
                (gap) =>
                  html`<tr><td>${gap.what}${gap.target === undefined ? '' : ` of ${gap.target}`}</td><td>${gap.why}</td><td><code class="dim">${gap.code ?? ''}</code></td></tr>`,
              )}</tbody></table></div>`
        }</section>`
  return html`${doubts}${gaps}`
}
