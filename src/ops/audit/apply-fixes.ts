/**
 * Edits of several fixes → the text with them. A fix is applied whole or not at all: one that overlaps another that is
 * applied is left for the next run. The same edit of two fixes (one import, say) counts once.
 */
import type { AuditEdit } from '../../model/trust/audit-data.ts'

export function applyFixes(
  text: string,
  fixes: readonly (readonly AuditEdit[])[],
): { readonly text: string; readonly applied: number } {
  const taken: AuditEdit[] = []
  let applied = 0
  for (const edits of fixes) {
    const fresh = edits.filter((edit) => !taken.some((one) => isSame(one, edit)))
    if (edits.length === 0 || fresh.some((edit) => taken.some((one) => overlaps(one, edit)))) continue
    taken.push(...fresh)
    applied++
  }
  let result = ''
  let from = 0
  for (const { start, end, text: replacement } of [...taken].sort((a, b) => a.start - b.start || a.end - b.end)) {
    result += text.slice(from, start) + replacement
    from = end
  }
  return { text: result + text.slice(from), applied }
}

function isSame(a: AuditEdit, b: AuditEdit): boolean {
  return a.start === b.start && a.end === b.end && a.text === b.text
}

function overlaps(a: AuditEdit, b: AuditEdit): boolean {
  if (a.start === a.end && b.start === b.end) return a.start === b.start
  return a.start < b.end && b.start < a.end
}
