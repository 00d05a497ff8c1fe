/**
 * Faults with errors: in one function some are wrapped with %w and others returned bare or flattened by %v, so that
 * callers can look into some alone; and a panic for an error of I/O, which its caller could have handled.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { carriedContext } from '../audit/context-scope.ts'
import { isTestFile } from '../audit/intent.ts'
import type { FunctionView, PackageView } from '../audit/package-view.ts'
import { ancestorInFunction, calledFunction, givenBy, stringOf } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

export const errorsWrappedUnevenly: AuditRule = {
  id: 'errors-wrapped-unevenly',
  title: 'Wrapped and bare errors are mixed',
  severity: 'info',
  saysWhen:
    'a function wraps an error with %w on one path and returns the error of another call as it is on the next, or formats one with %v and loses its chain.',
  fix: 'Wrap each error with what was being done: fmt.Errorf("parsing %s: %w", path, err).',
  check({ view, report }) {
    const wraps = new Map<number, number>()
    for (const call of view.callsOf('fmt.Errorf')) {
      if (isTestFile(view, call.file)) continue
      const format = stringOf(view, call.file, call.args[0])
      if (format === undefined) continue
      if (format.includes('%w')) {
        if (!wraps.has(call.fn)) wraps.set(call.fn, call.node)
        continue
      }
      const verbs = format.match(/%[#+\-. 0-9]*[a-zA-Z]/g) ?? []
      const flattened = call.args
        .slice(1)
        .findIndex((arg, index) => view.typeAt(call.file, arg) === 'error' && /[vs]$/.test(verbs[index] ?? ''))
      if (flattened >= 0)
        report(call.file, call.node, {
          message: 'The error is formatted with %v: errors.Is and errors.As can not see it',
          confidence: 'probable',
        })
    }
    const told = new Set<number>()
    for (const { file, node } of view.nodesOf('return_statement')) {
      const fn = view.functionOf(file, node)
      const wrapped = wraps.get(fn)
      if (wrapped === undefined || isTestFile(view, file)) continue
      const { syntax } = view.file(file)
      const [list] = [...childrenOf(syntax, node)]
      const last = list === undefined ? undefined : [...childrenOf(syntax, list)].at(-1)
      if (last === undefined || !isBareError(view, file, node, last)) continue
      // Once a function: the others are mended with it.
      if (told.has(fn)) continue
      told.add(fn)
      report(file, node, {
        message: 'This error is returned bare, others of the function are wrapped',
        related: [{ node: wrapped, note: 'wrapped here' }],
      })
    }
  },
}

/** `return err` behind a test, or the result of a function of this package as it is. */
function isBareError(view: PackageView, file: number, statement: number, last: number): boolean {
  const { syntax } = view.file(file)
  if (kindOf(syntax, last) === 'identifier') {
    const isErr = view.typeAt(file, last) === 'error' && textOf(syntax, last) === 'err'
    return isErr && ancestorInFunction(view, file, statement, ['if_statement']) !== undefined
  }
  const call = view.callAt(file, last)
  return (
    call !== undefined && calledFunction(view, call) !== undefined && /(^|[ ,(])error\)?$/.test(view.typeAt(file, last))
  )
}

const io =
  /^(os|io|bufio|net|net\/http|encoding\/\w+|database\/sql|io\/ioutil|path\/filepath|os\/exec|compress\/\w+|archive\/\w+)\./

export const panicOnIoError: AuditRule = {
  id: 'panic-on-io-error',
  title: 'A panic for an error of I/O',
  severity: 'medium',
  saysWhen:
    'panic(err) where err came from os, io, net, net/http, encoding, database/sql or os/exec; functions called Must… and init are left alone.',
  fix: 'Return the error; let main decide what ends the process.',
  check({ view, report }) {
    for (const call of view.callsOf('panic')) {
      const [arg] = call.args
      if (arg === undefined || isTestFile(view, call.file) || view.typeAt(call.file, arg) !== 'error') continue
      const fn = view.functions[call.fn]
      if (fn === undefined || /(^|\.)(Must|must)/.test(fn.name) || fn.name === 'init') continue
      const source = sourceOf(view, call.file, arg, call.node)
      if (source === undefined || !io.test(source)) continue
      report(call.file, call.node, {
        message: `An error of ${source} ends the process with a stack trace`,
        // Where a request is at stake; elsewhere a program that can not go on may panic: a note.
        ...(hasCaller(fn) ? { confidence: 'probable' as const } : { severity: 'info' as const }),
      })
    }
  },
}

/** A function that was given a context or a request has somebody to tell. */
function hasCaller(fn: FunctionView): boolean {
  return fn.parameters.some(({ type }) => carriedContext(type, 'x') !== undefined)
}

/** The call that gave the error last before the panic. */
function sourceOf(view: PackageView, file: number, arg: number, before: number): string | undefined {
  const { syntax, symbols } = view.file(file)
  if (kindOf(syntax, arg) !== 'identifier') return undefined
  const symbol = symbols[arg] as number
  let name: string | undefined
  for (const use of view.usesOf(symbol)) {
    if (use.file !== file || use.node >= before) continue
    const list = syntax.parents[use.node] as number
    const statement = kindOf(syntax, list) === 'expression_list' ? (syntax.parents[list] as number) : list
    const value = childAt(syntax, statement, 'right') ?? childAt(syntax, statement, 'value')
    if (value === undefined || value <= use.node) continue
    const [first] = kindOf(syntax, value) === 'expression_list' ? [...childrenOf(syntax, value)] : [value]
    const call = first === undefined ? undefined : view.callAt(file, first)
    if (call !== undefined && givenBy(view, file, call.node) !== undefined) name = call.name
  }
  return name
}
