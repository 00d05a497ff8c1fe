/** The gate's verdict for the terminal: the verdict and why first, then the checks, the findings and the waivers. */
import type { GateData, GateFinding, GateVerdict } from '../../model/trust/gate.ts'
import { renderTable } from '../table.ts'
import { countOf, escapeControls, wrapWords } from '../text.ts'
import { type Theme, toneOfSeverity } from '../theme.ts'
import { STACK_BELOW, sayWhereShortly } from './say-debt.ts'

type Options = { readonly width: number; readonly theme: Theme }

const MAX_ROWS = 40
const tones: Readonly<Record<GateVerdict, keyof Theme>> = {
  pass: 'good',
  fail: 'bad',
  inconclusive: 'warn',
  error: 'bad',
}

export function renderGate(data: GateData, { width, theme }: Options): string {
  const lines = [theme[tones[data.verdict]](`gate: ${data.verdict}`)]
  for (const reason of data.because) {
    wrapWords(escapeControls(reason), width - 2).forEach((line, index) => {
      lines.push(`${index === 0 ? '- ' : '  '}${line}`)
    })
  }
  const rows = data.checks.map(({ check, pass, why }) => [
    { text: pass ? 'pass' : 'fail', paint: pass ? theme.good : theme.bad },
    check,
    why,
  ])
  lines.push(
    '',
    ...renderTable([{ title: '' }, { title: 'check' }, { title: '', overflow: 'wrap' }], rows, { width, theme }),
  )
  if (data.findings.length > 0) lines.push('', ...renderFindings(data.findings, { width, theme }))
  const more = data.findings.length - MAX_ROWS + data.findingsOmitted
  if (more > 0) lines.push(theme.dim(`and ${countOf(more, 'more')}, in --json`))
  if (data.waived.length > 0) {
    lines.push('', theme.strong(`Waived: ${data.waived.length}`))
    for (const { waiver, title, rule } of data.waived.slice(0, MAX_ROWS)) {
      const state = waiver?.expired === true ? 'expired' : 'until'
      const text = `${state} ${waiver?.until}, ${waiver?.who}: ${waiver?.why} (${rule}: ${title})`
      wrapWords(escapeControls(text), width - 2).forEach((line, index) => {
        lines.push(`${index === 0 ? '- ' : '  '}${waiver?.expired === true ? theme.bad(line) : theme.dim(line)}`)
      })
    }
  }
  return `${lines.join('\n')}\n`
}

function renderFindings(findings: readonly GateFinding[], options: Options): string[] {
  const { theme } = options
  return renderTable(
    [
      { title: '' },
      { title: '' },
      { title: 'severity' },
      { title: 'finding', overflow: 'wrap', least: 24 },
      { title: 'service', overflow: 'end', least: 8 },
      { title: 'where', overflow: 'start', least: 16 },
    ],
    findings
      .slice(0, MAX_ROWS)
      .map((one) => [
        one.fingerprint.slice(0, 8),
        { text: one.change ?? '', paint: one.change === 'known' ? theme.dim : theme.bad },
        { text: one.severity, paint: theme[toneOfSeverity(one.severity)] },
        one.title,
        one.service,
        sayWhereShortly(one.where),
      ]),
    { ...options, stackBelow: STACK_BELOW },
  )
}
