/**
 * The ledger as one self-contained HTML file in the house style: what is owed, how it went, by whom, and every entry. No
 * scripts, no requests; the policy allows this page's own style (by hash) and nothing else.
 */
import { severities } from '../../model/contract.ts'
import type { DebtRow, LedgerData, TrendPoint } from '../../model/trust/ledger.ts'
import { STYLE, STYLE_HASH } from '../html-style.ts'
import { type Html, html, noHtml } from '../html-text.ts'
import { countOf, formatCount } from '../text.ts'
import { toneOfSeverity } from '../theme.ts'
import { renderBurndown, renderDebtLine } from './burndown.ts'
import { sayAge, sayDay, sayRate, sayTotals, sayWhere } from './say-debt.ts'
import { listTotals } from './terminal-ledger.ts'

const MAX_ROWS = 500

export function renderHtmlLedger(data: LedgerData, { version }: { readonly version: string }): string {
  const policy = `default-src 'none'; style-src '${STYLE_HASH}'; base-uri 'none'; form-action 'none'`
  const owed = data.entries.filter(({ state }) => state !== 'paid')
  const paid = data.entries.filter(({ state }) => state === 'paid')
  const { open, back } = data.totals
  const tone =
    open + back === 0 ? 'good' : data.totals.bySeverity.critical + data.totals.bySeverity.high > 0 ? 'bad' : 'warn'
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Sightline: debt ledger</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<main>
<header class="brand"><strong>Debt ledger</strong><span>${data.file}</span><span>as of ${sayDay(data.asOf)}</span></header>
<section>
<span class="grade ${tone}">${open + back === 0 ? 'clear' : 'owed'}</span>
<h1>${sayTotals(data.totals, data.only)}</h1>
<ul class="because">${listTotals(data).map((line) => html`<li>${line}</li>`)}</ul>
</section>
${renderCourse(data.trend)}
${renderShares('By owner', owed, ({ owners }) => (owners.length === 0 ? ['nobody'] : owners))}
${renderShares('By service', owed, ({ service }) => [service])}
${renderEntries('What is owed', owed)}
${renderEntries('What was paid', paid)}
${renderLooks(data)}
<footer>Made by Sightline ${version}. Paid means: a later run that could have seen it did not. Debt is affected traces a day, weighted by severity; waived findings are in the charts, not in the totals.</footer>
</main>
</body>
</html>
`.markup
}

function renderCourse(trend: readonly TrendPoint[]): Html {
  if (trend.length === 0) return noHtml
  const chart = renderBurndown(trend)
  const debt = renderDebtLine(trend)
  const numbers = html`<details><summary>The numbers</summary><div class="scroll"><table><thead><tr><th>when (UTC)</th><th class="n">owed</th>${severities.map((one) => html`<th class="n">${one}</th>`)}<th class="n">debt</th><th class="n">new</th><th class="n">paid</th></tr></thead><tbody>${trend.map(
    (point) =>
      html`<tr><td>${point.at.slice(0, 16).replace('T', ' ')}</td><td class="n">${formatCount(point.open)}</td>${severities.map((one) => html`<td class="n">${formatCount(point.bySeverity[one])}</td>`)}<td class="n">${formatCount(point.debt)}</td><td class="n">${formatCount(point.appeared)}</td><td class="n">${formatCount(point.paid)}</td></tr>`,
  )}</tbody></table></div></details>`
  return html`<section><h2>Burndown</h2>${chart === noHtml ? html`<p class="lead">One run so far: a course needs two.</p>` : html`<p class="lead">Findings owed after each run</p>${chart}`}${debt === noHtml ? noHtml : html`<h2>Debt</h2><p class="lead">Affected traces a day × weight of the severity, where they were counted</p>${debt}`}${numbers}</section>`
}

function renderShares(title: string, rows: readonly DebtRow[], keysOf: (row: DebtRow) => readonly string[]): Html {
  const groups = new Map<string, DebtRow[]>()
  for (const row of rows) for (const key of keysOf(row)) groups.set(key, [...(groups.get(key) ?? []), row])
  if (groups.size === 0) return noHtml
  const ordered = [...groups].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1)).slice(0, 30)
  return html`<section><h2>${title}</h2><div class="scroll"><table class="stack-table"><thead><tr><th></th><th class="n">findings</th><th class="n">high or worse</th><th class="n">debt</th><th class="n">oldest</th></tr></thead><tbody>${ordered.map(
    ([key, own]) => {
      const worse = own.filter(({ severity }) => severity === 'critical' || severity === 'high').length
      const debt = own.reduce((sum, one) => sum + (one.debt ?? 0), 0)
      const oldest = Math.max(...own.map(({ ageDays }) => ageDays))
      return html`<tr><td>${key}</td><td class="n" data-name="findings">${formatCount(own.length)}</td><td class="n" data-name="high or worse">${formatCount(worse)}</td><td class="n" data-name="debt">${debt > 0 ? formatCount(debt) : '–'}</td><td class="n" data-name="oldest">${sayAge(oldest)}</td></tr>`
    },
  )}</tbody></table></div></section>`
}

function renderEntries(title: string, rows: readonly DebtRow[]): Html {
  if (rows.length === 0) return noHtml
  const more = rows.length - MAX_ROWS
  return html`<section><h2>${title}</h2>${rows.slice(0, MAX_ROWS).map(renderEntry)}${more > 0 ? html`<p class="dim">and ${formatCount(more)} more, in the JSON report</p>` : noHtml}</section>`
}

function renderEntry(row: DebtRow): Html {
  const tone = row.state === 'paid' ? 'good' : toneOfSeverity(row.severity)
  const facts: readonly (readonly [string, string])[] = [
    ['where', sayWhere(row.where)],
    ['service', row.service],
    ['rate', sayRate(row.rate, row.interval)],
    ['traces a day', row.affectedTracesPerDay === undefined ? '' : formatCount(row.affectedTracesPerDay)],
    ['debt', row.debt === undefined ? '' : formatCount(row.debt)],
    ['owner', row.owners.join(' ')],
    [
      'waiver',
      row.waiver === undefined
        ? ''
        : `${row.waiver.state}, by ${row.waiver.who} until ${row.waiver.until}: ${row.waiver.why}`,
    ],
    [
      'seen',
      `${sayDay(row.firstSeen)} to ${sayDay(row.lastSeen)} by ${row.sources.map(({ source }) => source).join(', ')}`,
    ],
  ]
  const shown = facts.filter(([, value]) => value !== '')
  const state = row.state === 'open' ? '' : row.state === 'back' ? 'back' : `paid ${sayDay(row.since)}`
  return html`<article class="trouble ${tone}"><div class="top"><h3>${row.title}</h3><span>${state === '' ? noHtml : html`<span class="pill ${row.state === 'back' ? 'bad' : 'good'}">${state}</span> `}<span class="pill ${tone}">${row.severity}</span> <span class="pill dim">${sayAge(row.ageDays)}</span></span></div>
<dl class="facts"><dt>rule</dt><dd><code>${row.rule}</code> <code class="dim">${row.fingerprint.slice(0, 12)}</code></dd>${shown.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></article>`
}

function renderLooks({ looks }: LedgerData): Html {
  if (looks.length === 0) return noHtml
  return html`<section><h2>Who looked</h2><p class="lead">${countOf(looks.length, 'source')}; what nobody looks at, nobody finds.</p><div class="scroll"><table class="stack-table"><thead><tr><th>command</th><th>at</th><th>first</th><th>last</th></tr></thead><tbody>${looks
    .slice(0, MAX_ROWS)
    .map(
      ({ source, subject, first, last }) =>
        html`<tr><td>${source}</td><td data-name="at">${subject}</td><td data-name="first">${sayDay(first)}</td><td data-name="last">${sayDay(last)}</td></tr>`,
    )}</tbody></table></div></section>`
}
