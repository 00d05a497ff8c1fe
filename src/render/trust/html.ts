/**
 * `trust` as one self-contained HTML file: no scripts, no requests, nothing of the input's but as escaped text.
 * The policy allows this page's own style (by hash) and nothing else, as in the report of a diagnosis.
 */
import { formatDuration } from '../../base/units.ts'
import type { TraceTree } from '../../model/trust/trace-tree.ts'
import type { TrustData, TrustService } from '../../model/trust/trust-data.ts'
import { STYLE, STYLE_HASH } from '../html-style.ts'
import { type Html, html, noHtml } from '../html-text.ts'
import { placeOf } from '../terminal-diagnose.ts'
import { capitalize, countOf, endSentence, formatCount, formatShare } from '../text.ts'
import { toneOfSeverity } from '../theme.ts'
import {
  answerTrust,
  sayRate,
  sayScore,
  saySkew,
  saySource,
  type TrustReport,
  type TrustTrouble,
  toneOfTrust,
} from './answer.ts'
import { sayMark } from './terminal-trace.ts'

const MAX_TROUBLES = 200
const MAX_ROWS = 500
const MAX_SPANS = 1_000

export function renderTrustHtml(report: TrustReport, { version }: { readonly version: string }): string {
  const { data } = report
  const answer = answerTrust(report)
  const policy = `default-src 'none'; style-src '${STYLE_HASH}'; base-uri 'none'; form-action 'none'`
  const subject = data.services.length === 1 ? (data.services[0]?.service ?? 'spans') : 'Trace trust'
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Sightline: ${subject}, ${answer.grade}</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<main>
<header class="brand"><strong>${subject}</strong>${answer.facts.map((fact) => html`<span>${fact}</span>`)}</header>
<section>
<span class="grade ${toneOfTrust(answer.grade)}">${answer.grade}</span>
<h1>${answer.headline}</h1>
</section>
${renderServices(data.services)}
${answer.troubles.length === 0 ? noHtml : html`<section><h2>What breaks</h2>${answer.troubles.slice(0, MAX_TROUBLES).map(renderTrouble)}${moreOf(answer.troubles.length - MAX_TROUBLES)}</section>`}
${renderTrace(data.trace)}
${renderEdges(data)}
${answer.skewed.length === 0 ? noHtml : html`<section><h2>Clocks</h2><p class="lead">Times are shown as they were written, never moved.</p><ul>${answer.skewed.slice(0, MAX_ROWS).map((row) => html`<li>${saySkew(row)}</li>`)}</ul></section>`}
${answer.noDebt.length === 0 ? noHtml : html`<section><h2>Looks like a break, and is none</h2><ul>${answer.noDebt.map((line) => html`<li>${line}</li>`)}</ul></section>`}
${renderScores(data.services)}
${renderDoubts(report)}
<footer>Made by Sightline ${version}. Rates are of traces, intervals are Wilson's at 95 %; grades are of the worse end. docs/trust.md says what each number means.</footer>
</main>
</body>
</html>
`.markup
}

function moreOf(more: number): Html {
  return more > 0 ? html`<p class="dim">and ${formatCount(more)} more, in the JSON report</p>` : noHtml
}

function renderServices(services: readonly TrustService[]): Html {
  const rows = services
    .slice(0, MAX_ROWS)
    .map(
      ({ grade, service, traces, breakRate, interval, logsWithoutTraceIdRatio, cappedBy }) =>
        html`<tr><td><span class="pill ${toneOfTrust(grade)}">${grade}</span></td><td><strong>${service}</strong></td><td class="n" data-name="traces">${formatCount(traces)}</td><td data-name="of them broken">${breakRate === undefined || interval === undefined ? '' : sayRate(breakRate, interval)}</td><td class="n" data-name="logs without id">${logsWithoutTraceIdRatio === undefined ? '' : formatShare(logsWithoutTraceIdRatio)}</td><td data-name="capped by">${cappedBy ?? ''}</td></tr>`,
    )
  return html`<section><h2>Services</h2><div class="scroll"><table class="stack-table"><thead><tr><th>grade</th><th>service</th><th class="n">traces</th><th>of them broken</th><th class="n">logs without id</th><th>capped by</th></tr></thead><tbody>${rows}</tbody></table></div>${moreOf(services.length - MAX_ROWS)}</section>`
}

function renderTrouble(trouble: TrustTrouble): Html {
  const { finding } = trouble
  const tone = toneOfSeverity(finding.severity)
  const rows: Html[] = []
  const row = (name: string, value: string | undefined) => {
    if (value !== undefined && value !== '') rows.push(html`<dt>${name}</dt><dd>${value}</dd>`)
  }
  row('traces', trouble.howMany)
  row('why', trouble.why)
  row('cause', trouble.others)
  const { decide, source } = trouble
  if (decide.length > 0) {
    rows.push(
      html`<dt>decide by</dt>${decide.map(({ what, command }) => html`<dd>${what}${command === undefined ? noHtml : html`<br><code>${command}</code>`}</dd>`)}`,
    )
  }
  if (source !== undefined) {
    const at = `${source.file}:${source.line}`
    rows.push(
      html`<dt>source</dt><dd><code>${at}</code>${saySource(source)}<br><code>${(source.excerpt ?? '').trim()}</code></dd>`,
    )
  }
  const { doc } = finding.fix
  return html`<article class="trouble ${tone}"><div class="top"><h3>${finding.title}</h3><span class="pill ${tone}">${finding.severity}, ${finding.confidence}</span></div>
<dl class="facts">${rows}</dl>
<p class="fix">${endSentence(capitalize(trouble.fix))}${doc === undefined ? noHtml : html` <span class="dim">See ${doc}.</span>`}</p>
<details><summary>evidence (${countOf(finding.evidence.length, 'place')})</summary>${finding.evidence.map(
    (one) =>
      html`<p><code>${one.at ?? ''}</code> <span class="dim">${one.source}</span></p><p class="dim">${one.excerpt ?? ''}</p>`,
  )}</details></article>`
}

function renderTrace(tree: TraceTree | undefined): Html {
  if (tree === undefined) return noHtml
  const rows = tree.spans
    .slice(0, MAX_SPANS)
    .map(
      (span) =>
        html`<tr><td class="fn"><code>${'\u2003'.repeat(Math.min(span.depth, 16))}${span.service}</code> ${span.name}${span.marks.map((mark) => html`<span class="place">${sayMark(mark)}</span>`)}</td><td data-name="kind">${span.kind}</td><td class="n" data-name="begins">${span.startNs === 0 ? '0' : formatDuration(span.startNs)}</td><td class="n" data-name="took">${formatDuration(span.durationNs)}</td></tr>`,
    )
  return html`<section><h2>Trace ${tree.traceId}</h2><div class="scroll"><table class="stack-table"><thead><tr><th>span</th><th>kind</th><th class="n">begins</th><th class="n">took</th></tr></thead><tbody>${rows}</tbody></table></div>${moreOf(tree.spanCount - rows.length)}</section>`
}

function renderEdges({ edges }: TrustData): Html {
  if (edges.length === 0) return noHtml
  const rows = edges
    .slice(0, MAX_ROWS)
    .map(
      ({ grade, from, to, traces, breakRate, interval, carries }) =>
        html`<tr><td><span class="pill ${toneOfTrust(grade)}">${grade}</span></td><td><strong>${from} → ${to}</strong></td><td class="n" data-name="traces">${formatCount(traces)}</td><td data-name="of them broken">${sayRate(breakRate, interval)}</td><td data-name="carries">${(carries ?? []).map(({ format, share }) => `${format} ${formatShare(share)}`).join(', ')}</td></tr>`,
    )
  return html`<section><h2>Edges</h2><div class="scroll"><table class="stack-table"><thead><tr><th>grade</th><th>edge</th><th class="n">traces</th><th>of them broken</th><th>carries</th></tr></thead><tbody>${rows}</tbody></table></div>${moreOf(edges.length - MAX_ROWS)}</section>`
}

function renderScores(services: readonly TrustService[]): Html {
  const rows = services.slice(0, MAX_ROWS).map(({ service, instrumentationScore }) => {
    const { score, rules, failed } = sayScore(instrumentationScore)
    const unanswered = instrumentationScore.rules.filter(({ state }) => state === 'not-answerable')
    return html`<tr><td><strong>${service}</strong></td><td class="n" data-name="score">${score}</td><td data-name="rules answered">${rules}</td><td data-name="failed">${failed}</td><td data-name="not answerable" class="dim">${unanswered.map(({ id }) => id).join(', ')}</td></tr>`
  })
  return html`<section><h2>Instrumentation Score</h2><p class="lead">By its specification alone; it stands beside the grade. While rules cannot be answered it is incomplete and has no band.</p><div class="scroll"><table class="stack-table"><thead><tr><th>service</th><th class="n">score</th><th>rules answered</th><th>failed</th><th>not answerable</th></tr></thead><tbody>${rows}</tbody></table></div></section>`
}

function renderDoubts({ issues, coverage }: TrustReport): Html {
  const doubts =
    issues.length === 0
      ? noHtml
      : html`<section><h2>Doubts about the data</h2><div class="scroll"><table class="stack-table"><tbody>${issues.map(
          (issue) =>
            html`<tr><td><code class="${issue.severity === 'warning' ? 'warn' : 'dim'}">${issue.code}</code></td><td>${issue.message}${issue.count > 1 ? ` (${formatCount(issue.count)} times)` : ''}</td><td class="dim">${placeOf(issue)}</td></tr>`,
        )}</tbody></table></div></section>`
  const gaps =
    coverage.missing.length === 0
      ? noHtml
      : html`<section><h2>What did not answer</h2><ul>${coverage.missing.map((gap) => html`<li>${gap.what}: ${gap.why}</li>`)}</ul></section>`
  return html`${doubts}${gaps}`
}
