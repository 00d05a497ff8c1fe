/**
 * Edits of fixes that leave gofmt-clean source: an argument put in front of others, a line put behind a statement. A line
 * with a comment behind its code is left alone: gofmt aligns such comments over lines, and the edit would move one.
 */

import type { AuditEdit } from '../../model/trust/audit-data.ts'
import { positionOf } from '../../model/trust/go-source.ts'
import type { PackageView } from './package-view.ts'
import type { AuditFix } from './rule.ts'

/** `f(a)` → `f(ctx, a)`, `f()` → `f(ctx)`, `f(⏎a,⏎)` → `f(ctx,⏎a,⏎)`. */
export function putFirst(
  view: PackageView,
  file: number,
  list: number,
  hasArguments: boolean,
  text: string,
): AuditEdit {
  const { syntax } = view.file(file)
  const start = (syntax.starts[list] as number) + 1
  const isBroken = /^\s*\r?\n/.test(syntax.text.slice(start, start + 200))
  return { start, end: start, text: hasArguments ? `${text},${isBroken ? '' : ' '}` : text }
}

/** A line of its own behind a statement that is alone on its last line, with the same indent. */
export function putBehind(view: PackageView, file: number, statement: number, text: string): AuditEdit | undefined {
  const { syntax } = view.file(file)
  const end = syntax.ends[statement] as number
  const { line } = positionOf(syntax, statement)
  const start = syntax.lineStarts[line - 1] as number
  const indent = syntax.text.slice(start, syntax.starts[statement])
  if (!/^[\t ]*$/.test(indent) || !/^[\t ]*(\r?\n|$)/.test(syntax.text.slice(end, end + 200))) return undefined
  return { start: end, end, text: `\n${indent}${text}` }
}

/** The fix, unless a comment stands behind the code of one of its lines. */
export function keepTidy(view: PackageView, file: number, fix: AuditFix | undefined): AuditFix | undefined {
  if (fix === undefined) return undefined
  const { syntax } = view.file(file)
  const isCommented = fix.edits.some(({ start, end }) => {
    const from = syntax.text.lastIndexOf('\n', start - 1) + 1
    const to = syntax.text.indexOf('\n', end)
    return /\S\s*\/[/*]/.test(
      syntax.text.slice(from, to === -1 ? undefined : to).replace(/"(\\.|[^"\\])*"|`[^`]*`/g, '""'),
    )
  })
  return isCommented ? undefined : fix
}
