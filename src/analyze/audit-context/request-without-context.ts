/**
 * Class 8: a request, query, command or connection that takes no context, where the form that takes one exists. The
 * table is Go's own: each row names the function and what to call. With a context in scope it is a broken trace; without
 * one the function that would need one is told, at low severity. main, init and test files are left alone.
 */
import { childAt, kindOf } from '../../model/trust/go-source.ts'
import { type ContextScope, type ContextSource, isContextType, openContextScope } from '../audit/context-scope.ts'
import { putFirst } from '../audit/edits.ts'
import { isBuildTool, isCommand, isRoot, isTestFile, startOf } from '../audit/intent.ts'
import type { CallSite, PackageView } from '../audit/package-view.ts'
import { calledFunction, givenBy } from '../audit/queries.ts'
import type { AuditFix, AuditRule } from '../audit/rule.ts'

type Row = {
  readonly use: string
  /** The same call under this name with ctx as its first argument: a mechanical fix. */
  readonly rename?: string
  /** Of what makes no call to others and is seldom in a trace. */
  readonly isMinor?: boolean
}

const same = (rename: string): Row => ({ use: rename, rename })

const contextForms: Readonly<Record<string, Row>> = {
  'net/http.NewRequest': same('NewRequestWithContext'),
  'net/http.Get': { use: 'http.NewRequestWithContext and Client.Do' },
  'net/http.Head': { use: 'http.NewRequestWithContext and Client.Do' },
  'net/http.Post': { use: 'http.NewRequestWithContext and Client.Do' },
  'net/http.PostForm': { use: 'http.NewRequestWithContext and Client.Do' },
  'net/http.Client.Get': { use: 'http.NewRequestWithContext and Client.Do' },
  'net/http.Client.Head': { use: 'http.NewRequestWithContext and Client.Do' },
  'net/http.Client.Post': { use: 'http.NewRequestWithContext and Client.Do' },
  'net/http.Client.PostForm': { use: 'http.NewRequestWithContext and Client.Do' },
  'net/http/httptest.NewRequest': { ...same('NewRequestWithContext'), isMinor: true },
  'database/sql.DB.Begin': { use: 'BeginTx' },
  'database/sql.DB.Exec': same('ExecContext'),
  'database/sql.DB.Ping': same('PingContext'),
  'database/sql.DB.Prepare': same('PrepareContext'),
  'database/sql.DB.Query': same('QueryContext'),
  'database/sql.DB.QueryRow': same('QueryRowContext'),
  'database/sql.Tx.Exec': same('ExecContext'),
  'database/sql.Tx.Prepare': same('PrepareContext'),
  'database/sql.Tx.Query': same('QueryContext'),
  'database/sql.Tx.QueryRow': same('QueryRowContext'),
  'database/sql.Tx.Stmt': same('StmtContext'),
  'database/sql.Stmt.Exec': same('ExecContext'),
  'database/sql.Stmt.Query': same('QueryContext'),
  'database/sql.Stmt.QueryRow': same('QueryRowContext'),
  'github.com/jmoiron/sqlx.DB.Get': same('GetContext'),
  'github.com/jmoiron/sqlx.DB.Select': same('SelectContext'),
  'github.com/jmoiron/sqlx.DB.Queryx': same('QueryxContext'),
  'github.com/jmoiron/sqlx.DB.NamedExec': same('NamedExecContext'),
  'os/exec.Command': { ...same('CommandContext'), isMinor: true },
  'net.Dial': { use: '(*net.Dialer).DialContext' },
  'net.DialTimeout': { use: '(*net.Dialer).DialContext' },
  'net.Dialer.Dial': same('DialContext'),
  'net.Listen': { use: '(*net.ListenConfig).Listen', isMinor: true },
  'net.ListenPacket': { use: '(*net.ListenConfig).ListenPacket', isMinor: true },
  'net.LookupCNAME': { use: '(*net.Resolver).LookupCNAME' },
  'net.LookupHost': { use: '(*net.Resolver).LookupHost' },
  'net.LookupIP': { use: '(*net.Resolver).LookupIPAddr' },
  'net.LookupPort': { use: '(*net.Resolver).LookupPort', isMinor: true },
  'net.LookupSRV': { use: '(*net.Resolver).LookupSRV' },
  'net.LookupMX': { use: '(*net.Resolver).LookupMX' },
  'net.LookupNS': { use: '(*net.Resolver).LookupNS' },
  'net.LookupTXT': { use: '(*net.Resolver).LookupTXT' },
  'net.LookupAddr': { use: '(*net.Resolver).LookupAddr' },
  'crypto/tls.Dial': { use: '(*tls.Dialer).DialContext' },
  'crypto/tls.DialWithDialer': { use: '(*tls.Dialer).DialContext' },
  'crypto/tls.Dialer.Dial': same('DialContext'),
  'crypto/tls.Conn.Handshake': same('HandshakeContext'),
}

export const requestWithoutContext: AuditRule = {
  id: 'request-without-context',
  classNumber: 8,
  title: 'A request is built without its context',
  severity: 'medium',
  saysWhen:
    'net/http, database/sql, sqlx, net, crypto/tls or os/exec is called in the form that takes no context. Low where no context is ' +
    'in scope but a caller of the package has one, a note where none has, where the request is given a context further down, or where it is a connection alone; main, init, tests and build tools are left alone.',
  fix: 'Use the form that takes a context, with the caller’s.',
  check({ view, report }) {
    const scope = openContextScope(view)
    const hasContext = findCalledWithContext(view, scope)
    for (const [name, row] of Object.entries(contextForms)) {
      for (const call of view.callsOf(name)) {
        if (isTestFile(view, call.file) || isBuildTool(view, call.file) || isRoot(view, call.fn)) continue
        const source = scope.bestAt(call.file, call.node)
        const shown = shortName(name)
        // A connection makes no span and carries no header: what is lost is the end of waiting.
        const isConnect = /^(net|crypto\/tls)\./.test(name)
        const fix = source === undefined ? undefined : fixOf(view, call, row, source.expression)
        report(call.file, call.node, {
          message:
            source === undefined
              ? `${shown} takes no context, and none is in scope: what it asks for is in no trace`
              : `${shown} takes no context though ${source.expression} is in scope`,
          confidence: source === undefined ? 'possible' : 'probable',
          // Where no caller of the package has a context either, it may be nobody's request: a note.
          severity:
            row.isMinor === true ||
            isCommand(view, call.fn) ||
            isGivenLater(view, call) ||
            (source === undefined ? isConnect || !hasContext(call.fn) : isOfOtherTime(view, call, source))
              ? 'info'
              : source === undefined || isConnect
                ? 'low'
                : 'medium',
          offTrace: { confidence: 'possible', severity: source === undefined ? 'info' : 'low' },
          advice:
            source === undefined
              ? `Take a context as first parameter and use ${row.use}.`
              : `Use ${row.use} with ${source.expression}.`,
          ...(fix === undefined ? {} : { fix }),
        })
      }
    }
  },
}

/** In a literal that is kept, `dial := func(network, address string) …`: it runs for others than who made it. */
function isOfOtherTime(view: PackageView, call: CallSite, source: ContextSource): boolean {
  const fn = view.functions[call.fn]
  return fn?.kind === 'literal' && fn.index !== source.fn && startOf(view, fn) === 'value'
}

/** `req = req.WithContext(ctx)` further down: the request has its context by another way, or is for who gets it. */
function isGivenLater(view: PackageView, call: CallSite): boolean {
  const variable = givenBy(view, call.file, call.node)?.names[0]
  const symbol = variable === undefined ? -1 : (view.file(call.file).symbols[variable] as number)
  if (symbol < 0) return false
  return view.usesOf(symbol).some(({ file, node }) => {
    const { syntax } = view.file(file)
    const parent = syntax.parents[node] as number
    if (/\.(WithContext|Clone)$/.test(view.text(file, parent))) return true
    if (kindOf(syntax, parent) === 'argument_list') {
      const args = view.callAt(file, syntax.parents[parent] as number)?.args ?? []
      return args.some((arg) => arg !== node && isContextType(view.typeAt(file, arg)))
    }
    if (kindOf(syntax, parent) !== 'expression_list') return false
    const statement = syntax.parents[parent] as number
    if (kindOf(syntax, statement) === 'return_statement') return view.typeAt(file, node) === '*net/http.Request'
    const left = childAt(syntax, statement, 'left')
    const kept = left === undefined || left === parent ? undefined : /\.(\w+)$/.exec(view.text(file, left))?.[1]
    return kept !== undefined && givesContextTo(view, kept)
  })
}

/** `s.req.WithContext(ctx)` somewhere in the package. */
function givesContextTo(view: PackageView, field: string): boolean {
  return view.calls.some(
    (call) =>
      /^(WithContext|Clone)$/.test(call.lastName) &&
      new RegExp(`\\.${field}\\.${call.lastName}\\(`).test(view.text(call.file, call.node)),
  )
}

/** Functions of the package without a context that one with a context calls, also through others. */
function findCalledWithContext(view: PackageView, scope: ContextScope): (fn: number) => boolean {
  const callers = new Map<number, Set<number>>()
  for (const call of view.calls) {
    const target = calledFunction(view, call)?.index
    if (target === undefined || call.fn < 0) continue
    const known = callers.get(target)
    if (known === undefined) callers.set(target, new Set([call.fn]))
    else known.add(call.fn)
  }
  return (fn) => {
    const seen = new Set<number>()
    const open = [fn]
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const at = view.functions[index]
      if (at === undefined || seen.has(index)) continue
      seen.add(index)
      if (scope.parametersOf(at).length > 0) return true
      if (at.parent >= 0) open.push(at.parent)
      open.push(...(callers.get(index) ?? []))
    }
    return false
  }
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

/** Renames the method and puts the context in front. Only where the call is written out: not through a variable. */
function fixOf(view: PackageView, call: CallSite, row: Row, context: string): AuditFix | undefined {
  const { syntax } = view.file(call.file)
  const called = childAt(syntax, call.node, 'function')
  const field = called === undefined ? undefined : childAt(syntax, called, 'field')
  const list = childAt(syntax, call.node, 'arguments')
  if (row.rename === undefined || field === undefined || list === undefined) return undefined
  return {
    title: `${row.rename} with ${context}`,
    edits: [
      { start: syntax.starts[field] as number, end: syntax.ends[field] as number, text: row.rename },
      putFirst(view, call.file, list, call.args.length > 0, context),
    ],
  }
}
