/**
 * Comments that ask an audit for silence. `//sightline:ignore RULE[,RULE] reason` on the line of a finding, on a line of
 * its own above it, or above a function for all of it. What other linters' users wrote for the same thing counts too:
 * `//nolint[:names]`, `//goroutinectx:ignore [checker]`. Each is counted; one without a reason, or that silences nothing,
 * is told. Comments are nodes of the syntax tree, so text in strings is none.
 */

import type { AuditPlace } from '../../model/trust/audit-data.ts'
import { kindOf, positionOf, textOf } from '../../model/trust/go-source.ts'
import type { PackageView } from './package-view.ts'
import { placeOf } from './project-facts.ts'

export type IgnoreComment = {
  readonly file: number
  readonly node: number
  readonly place: AuditPlace
  /** Rules, or names of other linters; empty = all. */
  readonly names: readonly string[]
  readonly reason: string
  readonly from: 'sightline' | 'nolint' | 'goroutinectx'
  /** Lines that it covers, both included. */
  readonly firstLine: number
  readonly lastLine: number
  used: number
}

/** Linters of golangci-lint and the rules here that look at the same thing. */
export const linterRules: Readonly<Record<string, readonly string[]>> = {
  contextcheck: ['background-context'],
  noctx: ['request-without-context', 'uninstrumented-client'],
  fatcontext: ['context-overwritten'],
  containedctx: ['stale-context'],
  spancheck: ['span-never-ended'],
  govet: ['lost-cancel', 'loop-variable-captured'],
  lostcancel: ['lost-cancel'],
  loopclosure: ['loop-variable-captured'],
  sloglint: ['log-without-context'],
  gosec: ['goroutine-without-context', 'background-context'],
  goroutinectx: ['goroutine-without-context'],
  bodyclose: ['response-body-unclosed'],
  errcheck: ['trace-start-unchecked', 'response-error-dropped', 'errgroup-not-waited'],
  wrapcheck: ['errors-wrapped-unevenly'],
  errorlint: ['errors-wrapped-unevenly'],
}

const ours = /^\/\/\s*sightline:ignore\b\s*(\S*)\s*(.*)$/
const nolint = /^\/\/\s*nolint\b(?:\s*:\s*([\w,\s-]*?))?\s*(?:\/\/\s*(.*))?$/
const goroutinectx = /^\/\/goroutinectx:ignore\b(?:\s+([a-z,]+))?\s*(?:-\s*(.*))?/

export function readIgnores(view: PackageView): readonly IgnoreComment[] {
  const found: IgnoreComment[] = []
  view.pkg.files.forEach((file, index) => {
    const { syntax } = file
    if (!/sightline:ignore|nolint|goroutinectx:ignore/.test(syntax.text)) return
    for (let node = 0; node < syntax.nodeCount; node++) {
      if (kindOf(syntax, node) !== 'comment') continue
      const read = readComment(textOf(syntax, node))
      if (read === undefined) continue
      const { line } = positionOf(syntax, node)
      const before = syntax.text.slice(syntax.lineStarts[line - 1], syntax.starts[node])
      const isAlone = before.trim() === ''
      const [first, last] = isAlone ? coverBelow(index, line) : coverBeside(index, node, line)
      found.push({
        ...read,
        file: index,
        node,
        place: placeOf(view, index, node),
        firstLine: first,
        lastLine: last,
        used: 0,
      })
    }
  })
  return found

  /** Beside a declaration's first line it covers the declaration, as golangci-lint has it. */
  function coverBeside(index: number, _node: number, line: number): readonly [number, number] {
    const fn = view.functions.find(
      (one) => one.file === index && one.kind !== 'literal' && lineOf(index, one.node) === line,
    )
    return fn === undefined ? [line, line] : [line, endLineOf(index, fn.node)]
  }

  /** The next line that is no comment; all of a function that begins there. */
  function coverBelow(index: number, line: number): readonly [number, number] {
    const { syntax } = view.file(index)
    let next = line + 1
    while (next <= syntax.lineStarts.length && /^\s*\/\//.test(lineText(index, next))) next++
    const fn = view.functions.find(
      (one) => one.file === index && one.kind !== 'literal' && lineOf(index, one.node) === next,
    )
    return fn === undefined ? [line, next] : [line, endLineOf(index, fn.node)]
  }

  function lineText(index: number, line: number): string {
    const { syntax } = view.file(index)
    return syntax.text.slice(syntax.lineStarts[line - 1], syntax.lineStarts[line] ?? syntax.text.length)
  }

  function lineOf(index: number, node: number): number {
    return positionOf(view.file(index).syntax, node).line
  }

  function endLineOf(index: number, node: number): number {
    const { syntax } = view.file(index)
    const end = syntax.ends[node] as number
    let line = lineOf(index, node)
    while (line < syntax.lineStarts.length && (syntax.lineStarts[line] as number) < end) line++
    return line
  }
}

function readComment(text: string): Pick<IgnoreComment, 'names' | 'reason' | 'from'> | undefined {
  const own = ours.exec(text)
  if (own !== null) {
    const names = (own[1] ?? '').split(',').filter((name) => name !== '')
    return { names, reason: (own[2] ?? '').replace(/^-+\s*/, '').trim(), from: 'sightline' }
  }
  const lint = nolint.exec(text)
  if (lint !== null) {
    const names = (lint[1] ?? '').split(/[,\s]+/).filter((name) => name !== '' && name !== 'all')
    return { names, reason: lint[2] ?? '', from: 'nolint' }
  }
  const other = goroutinectx.exec(text)
  if (other === null) return undefined
  return {
    names: (other[1] ?? '').split(',').flatMap((name) => (name === '' ? [] : [`goroutinectx/${name}`])),
    reason: other[2] ?? '',
    from: 'goroutinectx',
  }
}

/** True where the comment silences a finding of this rule at this line. */
export function silences(
  ignore: IgnoreComment,
  finding: { readonly file: number; readonly line: number; readonly rule: string; readonly aliases: readonly string[] },
): boolean {
  if (ignore.file !== finding.file || finding.line < ignore.firstLine || finding.line > ignore.lastLine) return false
  if (ignore.from === 'sightline') return ignore.names.includes(finding.rule) || ignore.names.includes('all')
  if (ignore.from === 'goroutinectx') {
    if (finding.rule !== 'goroutine-without-context') return false
    return ignore.names.length === 0 || ignore.names.some((name) => finding.aliases.includes(name))
  }
  if (ignore.names.length === 0) return true
  return ignore.names.some((name) => name === finding.rule || (linterRules[name] ?? []).includes(finding.rule))
}
