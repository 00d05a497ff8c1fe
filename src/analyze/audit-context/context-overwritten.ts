/**
 * Class 20: a context put over itself in a loop, in a literal that may run often, or in a struct behind a pointer: each
 * turn hangs under the one before (fatcontext's ground). Left alone: a variable of the loop's own, and one that was given
 * an empty context earlier in the same turn.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isContextType, isFreshContext } from '../audit/context-scope.ts'
import { isDeferred, isTestFile } from '../audit/intent.ts'
import { isAssigned, type PackageView } from '../audit/package-view.ts'
import { loopAround, rootOf } from '../audit/queries.ts'
import type { AuditContext, AuditRule } from '../audit/rule.ts'

export const contextOverwritten: AuditRule = {
  id: 'context-overwritten',
  classNumber: 20,
  title: 'A context is overwritten in a loop',
  severity: 'medium',
  saysWhen:
    'in a loop or a literal, a context of outside is given a context made of itself, or a struct behind a pointer is given one made of ' +
    'its own. A variable of the turn’s own, or one that began empty in this turn, is left alone.',
  fix: 'A new variable in each turn: turnCtx, span := tracer.Start(ctx, …).',
  check(context) {
    const seen = new Set<string>()
    for (const { file, node } of context.view.nodesOf('assignment_statement')) {
      if (!isTestFile(context.view, file)) checkAssignment(context, file, node, seen)
    }
  },
}

function checkAssignment({ view, report }: AuditContext, file: number, node: number, seen: Set<string>): void {
  const { syntax } = view.file(file)
  const left = childAt(syntax, node, 'left')
  const right = childAt(syntax, node, 'right')
  if (left === undefined || right === undefined) return
  const targets = [...childrenOf(syntax, left)]
  const values = [...childrenOf(syntax, right)]
  for (const [index, target] of targets.entries()) {
    const value = values.length === targets.length ? values[index] : index === 0 ? values[0] : undefined
    if (value === undefined) continue
    const text = textOf(syntax, target)
    const kind = kindOf(syntax, target)
    if (kind !== 'identifier' && kind !== 'selector_expression') continue
    if (checkPointer(view, file, node, target, value)) {
      report(file, node, {
        message: `${text} behind a pointer is given a context made of itself: it grows with every call`,
        severity: 'low',
      })
      continue
    }
    if (kindOf(syntax, value) !== 'call_expression' || isFreshContext(view, file, value)) continue
    const type = view.typeAt(file, value)
    if (!isContextType(type) && !type.startsWith('(context.Context,') && !isContextType(view.typeAt(file, target)))
      continue
    if (!mentions(view, file, value, text)) continue
    const root = rootOf(view, file, target)
    const declared = view.symbolAt(file, root)
    const around = loopAround(view, file, node)
    const literal = literalAround(view, file, node)
    const isOutside = (scope: number | undefined): boolean =>
      scope !== undefined &&
      (declared?.file !== file ||
        declared.node === undefined ||
        declared.node < scope ||
        declared.node >= (syntax.after[scope] as number))
    const place =
      isOutside(around) || (around !== undefined && isAliasOfPointer(view, file, root))
        ? around
        : isOutside(literal) && kind === 'identifier'
          ? literal
          : undefined
    if (place === undefined || declared === undefined) continue
    if (beganEmpty(view, file, place, node, text)) continue
    // Only the first of a turn is told; one that follows it in the same loop says nothing new.
    // `for _, f := range steps { ctx = f(ctx) }; return ctx`: the loop is there to build it.
    const isSpan = startsSpan(view, file, value)
    const isBuilt =
      place === around && !isSpan && isUsedAfter(view, file, place, view.file(file).symbols[root] as number)
    const key = `${file}:${place}:${view.file(file).symbols[root]}:${text}`
    if (seen.has(key) && place === around) continue
    seen.add(key)
    report(file, node, {
      message:
        place === around
          ? `${text} is given a context made of itself in a loop: each turn wraps the one before`
          : `${text} of the enclosing function is given a context made of itself in a literal that may run more than once`,
      confidence: place === around && !isBuilt ? 'probable' : 'possible',
      // A literal mostly runs once; a loop that builds a context is there for it.
      ...(isBuilt || place !== around ? { severity: 'info' } : isSpan ? {} : { severity: 'low' }),
    })
  }
}

/** The variable is read in the same function behind the loop: returned, handed on. */
function isUsedAfter(view: PackageView, file: number, loop: number, symbol: number): boolean {
  const { syntax } = view.file(file)
  const end = syntax.after[loop] as number
  const fn = view.functionOf(file, loop)
  const body = view.functions[fn]
  if (symbol < 0 || body === undefined) return false
  const isResult = view
    .nodesOf('return_statement')
    .some(
      (one) =>
        one.file === file &&
        one.node >= end &&
        view.functionOf(file, one.node) === fn &&
        syntax.ends[one.node] === (syntax.starts[one.node] as number) + 6,
    )
  const declared = view.pkg.symbols[symbol]?.node
  const isNamedResult = isResult && declared !== undefined && declared > body.node && declared < (body.body ?? 0)
  return (
    isNamedResult ||
    view
      .usesOf(symbol)
      .some(
        (use) =>
          use.file === file &&
          use.node >= end &&
          use.node < (syntax.after[body.node] as number) &&
          !isAssigned(view.file(file), use.node),
      )
  )
}

function startsSpan(view: PackageView, file: number, value: number): boolean {
  return /\.Start(Span)?$/.test(view.callAt(file, value)?.name ?? '')
}

/** Of a literal that may run more than once: not of a deferred one, or one that is kept for a test's end. */
function literalAround(view: PackageView, file: number, node: number): number | undefined {
  const fn = view.functions[view.functionOf(file, node)]
  return fn?.kind === 'literal' && (!isDeferred(view, fn) || loopAround(view, file, fn.node) !== undefined)
    ? fn.node
    : undefined
}

/** The same variable or field is an argument of the call. */
function mentions(view: PackageView, file: number, value: number, text: string, depth = 0): boolean {
  const call = view.callAt(file, value)
  const { syntax } = view.file(file)
  if (depth > 32) return false
  return (
    call?.args.some(
      (arg) =>
        textOf(syntax, arg) === text ||
        (view.callAt(file, arg) !== undefined && mentions(view, file, arg, text, depth + 1)),
    ) === true
  )
}

/** `c := p` of a pointer: the turn's own name for something that is not its own. */
function isAliasOfPointer(view: PackageView, file: number, root: number): boolean {
  return kindOf(view.file(file).syntax, root) === 'identifier' && view.typeAt(file, root).startsWith('*')
}

/** An earlier statement of the same turn gave it an empty context. */
function beganEmpty(view: PackageView, file: number, place: number, node: number, text: string): boolean {
  const { syntax } = view.file(file)
  for (let at = place; at < node; at++) {
    if (kindOf(syntax, at) !== 'assignment_statement') continue
    const left = childAt(syntax, at, 'left')
    const right = childAt(syntax, at, 'right')
    if (left === undefined || right === undefined) continue
    const position = [...childrenOf(syntax, left)].findIndex((target) => textOf(syntax, target) === text)
    if (position < 0) continue
    const value = [...childrenOf(syntax, right)][position]
    if (value !== undefined && (isFreshContext(view, file, value) || !mentions(view, file, value, text))) return true
  }
  return false
}

/** `ctx := r.Ctx; ctx = f(ctx); r.Ctx = ctx` with a pointer r that the function was given. */
function checkPointer(view: PackageView, file: number, node: number, target: number, value: number): boolean {
  const { syntax } = view.file(file)
  if (kindOf(syntax, target) !== 'selector_expression' || kindOf(syntax, value) !== 'identifier') return false
  if (!isContextType(view.typeAt(file, target))) return false
  const root = rootOf(view, file, target)
  if (view.symbolAt(file, root)?.kind !== 'parameter' || !view.typeAt(file, root).startsWith('*')) return false
  const symbol = view.file(file).symbols[value] as number
  const declared = view.pkg.symbols[symbol]?.node
  if (declared === undefined) return false
  const statement = syntax.parents[syntax.parents[declared] as number] as number
  const right = childAt(syntax, statement, 'right')
  if (right === undefined || textOf(syntax, right) !== textOf(syntax, target)) return false
  return view
    .usesOf(symbol)
    .some(
      (use) => use.file === file && use.node < node && use.node !== declared && isAssigned(view.file(file), use.node),
    )
}
