/** `trust` as Markdown for a pull request or an issue: the verdict and what breaks; edges, scores and doubts folded. */
import { markdownCode as code, escapeMarkdown, fold, markdownRow as row } from '../markdown.ts'
import { formatCount } from '../text.ts'
import { answerTrust, sayRate, sayScore, saySkew, saySource, type TrustReport } from './answer.ts'

const MAX_ROWS = 30

export function renderTrustMarkdown(report: TrustReport): string {
  const { data, issues, coverage } = report
  const answer = answerTrust(report)
  const parts = [
    `### Trace trust: ${answer.grade}`,
    `**${escapeMarkdown(answer.headline)}**`,
    table(
      ['grade', 'service', 'traces', 'of them broken', 'capped by'],
      data.services.map(({ grade, service, traces, breakRate, interval, cappedBy }) => [
        grade,
        code(service),
        formatCount(traces),
        breakRate === undefined || interval === undefined ? '' : sayRate(breakRate, interval),
        escapeMarkdown(cappedBy ?? ''),
      ]),
    ),
    table(
      ['severity', 'what', 'traces', 'cause and fix', 'look at'],
      answer.troubles.map(({ finding, howMany, others, decide, source, fix, look }) => [
        `${finding.severity}, ${finding.confidence}`,
        escapeMarkdown(finding.title),
        escapeMarkdown(howMany),
        [
          others,
          ...decide.map(({ what, command }) => `decide by ${what}${command === undefined ? '' : `: ${command}`}`),
          source === undefined ? undefined : `source: ${source.file}:${source.line}${saySource(source)}`,
          fix,
        ]
          .filter((part) => part !== undefined)
          .map(escapeMarkdown)
          .join('<br>'),
        code((look[0] ?? '').replace(/ \(.*\)$/, '')),
      ]),
    ),
    folded(
      'Edges',
      table(
        ['grade', 'edge', 'traces', 'of them broken'],
        data.edges.map(({ grade, from, to, traces, breakRate, interval }) => [
          grade,
          escapeMarkdown(`${from} → ${to}`),
          formatCount(traces),
          sayRate(breakRate, interval),
        ]),
      ),
    ),
    folded('Clocks', list(answer.skewed.map(saySkew))),
    folded('Looks like a break, and is none', list(answer.noDebt)),
    folded(
      'Instrumentation Score',
      table(
        ['service', 'score', 'rules answered', 'failed'],
        data.services.map(({ service, instrumentationScore }) => {
          const { score, rules, failed } = sayScore(instrumentationScore)
          return [code(service), score, rules, failed]
        }),
      ),
    ),
    folded(
      'Doubts, and what did not answer',
      [
        ...issues.slice(0, MAX_ROWS).map((issue) => `- ${code(issue.code)} ${escapeMarkdown(issue.message)}`),
        ...coverage.missing.slice(0, MAX_ROWS).map((gap) => `- ${escapeMarkdown(`${gap.what}: ${gap.why}`)}`),
      ].join('\n'),
    ),
    `<sub>${escapeMarkdown(answer.facts.join(' · '))} · Sightline</sub>`,
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const more = rows.length - MAX_ROWS
  return [row(titles), row(titles.map(() => '---')), ...rows.slice(0, MAX_ROWS).map(row)]
    .concat(more > 0 ? [row(titles.map((_, index) => (index === 1 ? `and ${formatCount(more)} more` : '')))] : [])
    .join('\n')
}

function list(lines: readonly string[]): string {
  return lines
    .slice(0, MAX_ROWS)
    .map((line) => `- ${escapeMarkdown(line)}`)
    .join('\n')
}

function folded(title: string, body: string): string {
  return body === '' ? '' : fold(title, [body])
}
