/** `audit snippets` for the terminal: what was read, and the findings on the document's lines. */
import type { Report } from '../model/report.ts'
import type { SnippetData } from '../model/trust/audit-data.ts'
import { countOf, escapeControls, wrapWords } from './text.ts'
import type { Theme } from './theme.ts'

export function renderSnippets(
  { data, findings, issues }: Report<SnippetData>,
  { width, theme }: { readonly width: number; readonly theme: Theme },
): string {
  const how = data.tier === 'b' ? 'programs typed by the Go toolchain' : 'by syntax'
  const head = `${countOf(data.blocks, 'block')} of Go in ${data.document}, ${countOf(data.programs, 'program')}; ${how}.`
  const lines = [...wrapWords(escapeControls(head), width).map((line) => theme.dim(line)), '']
  for (const { rule, title, confidence, evidence } of findings) {
    const [{ file = '', line = 0, column = 0, excerpt = '' }] = evidence
    lines.push(`${file}:${line}:${column}  ${rule} (${confidence})`)
    lines.push(...wrapWords(escapeControls(title), Math.max(20, width - 2)).map((one) => `  ${one}`))
    lines.push(theme.dim(`  | ${escapeControls(excerpt)}`), '')
  }
  if (findings.length === 0)
    lines.push(theme.good('Every block parses, every program compiles, no rule found anything.'))
  for (const { message } of issues) lines.push(...wrapWords(theme.warn(escapeControls(message)), width))
  while (lines.at(-1) === '') lines.pop()
  return `${lines.join('\n')}\n`
}
