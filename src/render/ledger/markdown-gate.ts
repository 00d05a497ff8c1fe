/** The gate's verdict as short Markdown for a pull request: the verdict, the checks, the findings as a table. */
import type { GateData, GateFinding } from '../../model/trust/gate.ts'
import { escapeMarkdown, markdownCode, markdownRow } from '../markdown.ts'
import { countOf } from '../text.ts'
import { sayWhereShortly } from './say-debt.ts'

const MAX_ROWS = 20

export function renderGateMarkdown(data: GateData): string {
  const parts = [
    `### Sightline gate: ${data.verdict}`,
    data.because
      .slice(0, MAX_ROWS)
      .map((reason) => `- ${escapeMarkdown(reason)}`)
      .join('\n'),
    renderFindings(data),
    renderWaived(data.waived),
    `<sub>${data.inputs.map(({ file, source }) => `${markdownCode(file)} (${escapeMarkdown(source)})`).join(', ')} · Sightline</sub>`,
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function renderFindings({ findings, findingsOmitted }: GateData): string {
  if (findings.length === 0) return ''
  const rows = findings
    .slice(0, MAX_ROWS)
    .map((one) =>
      markdownRow([
        one.change === undefined || one.change === 'known' ? '' : `**${one.change}**`,
        one.severity,
        escapeMarkdown(one.title),
        markdownCode(one.service),
        markdownCode(sayWhereShortly(one.where)),
        markdownCode(one.rule),
      ]),
    )
  const more = findings.length - MAX_ROWS + findingsOmitted
  return [
    markdownRow(['', 'severity', 'finding', 'service', 'where', 'rule']),
    markdownRow(['---', '---', '---', '---', '---', '---']),
    ...rows,
    ...(more > 0 ? [markdownRow(['', '', `and ${countOf(more, 'more')}`, '', '', ''])] : []),
  ].join('\n')
}

function renderWaived(waived: readonly GateFinding[]): string {
  if (waived.length === 0) return ''
  const lines = waived.slice(0, MAX_ROWS).map(({ waiver, title }) => {
    const state = waiver?.expired === true ? '**expired**' : 'until'
    return `- ${escapeMarkdown(title)}: ${state} ${waiver?.until}, ${escapeMarkdown(`${waiver?.who}: ${waiver?.why}`)}`
  })
  return `<details><summary>${countOf(waived.length, 'waiver')}</summary>\n\n${lines.join('\n')}\n\n</details>`
}
