/**
 * Faults with files and addresses: a file that is opened into a local variable and never closed, nor handed to anything
 * that closes it; and an address that is put together with a plus, which an IPv6 host breaks.
 */
import { childAt, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isBuildTool, isRoot, isTestFile } from '../audit/intent.ts'
import type { CallSite, PackageView } from '../audit/package-view.ts'
import { givenBy, stringOf } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

const opens = ['os.Open', 'os.Create', 'os.OpenFile', 'os.CreateTemp']

/** What takes a file and leaves it open. */
const leavesOpen =
  /^(runtime\/trace\.Start|runtime\/pprof\.|bufio\.New|io\.|io\/ioutil\.|encoding\/|compress\/|fmt\.F|log\.(New|SetOutput)|text\/|html\/)/

export const fileUnclosed: AuditRule = {
  id: 'file-unclosed',
  title: 'A file is never closed',
  severity: 'low',
  saysWhen:
    'os.Open, Create or OpenFile into a local variable that is never closed, and that goes only to what leaves it open (trace.Start, bufio, io, encoders); main is left alone.',
  fix: 'defer f.Close() after the error was looked at.',
  check({ view, report }) {
    for (const name of opens) {
      for (const call of view.callsOf(name)) {
        if (isTestFile(view, call.file) || isBuildTool(view, call.file) || isRoot(view, call.fn)) continue
        const variable = givenBy(view, call.file, call.node)?.names[0]
        const symbol = variable === undefined ? -1 : (view.file(call.file).symbols[variable] as number)
        const declared = view.pkg.symbols[symbol]
        if (variable === undefined || declared?.node === undefined || declared.kind !== 'variable') continue
        if (declared.qualified !== undefined || view.functionOf(call.file, declared.node) !== call.fn) continue
        if (view.usesOf(symbol).some((use) => use.node !== variable && mayClose(view, use.file, use.node))) continue
        report(call.file, call.node, {
          message: `${view.text(call.file, variable)} is opened here and never closed`,
          confidence: 'probable',
        })
      }
    }
  },
}

/** Closed, or given to something that may close it: all but calls of its methods and of what leaves it open. */
function mayClose(view: PackageView, file: number, node: number): boolean {
  const { syntax } = view.file(file)
  const parent = syntax.parents[node] as number
  const kind = kindOf(syntax, parent)
  if (kind === 'selector_expression') {
    const field = childAt(syntax, parent, 'field')
    return field === undefined || textOf(syntax, field) === 'Close'
  }
  if (kind === 'argument_list') {
    const around = view.callAt(file, syntax.parents[parent] as number)
    return around === undefined || !leavesOpen.test(around.name)
  }
  return true
}

const dials =
  /^net\.(Dial|DialTimeout|Dialer\.Dial|Dialer\.DialContext|Listen|ResolveTCPAddr|ResolveUDPAddr)$|^crypto\/tls\.Dial/

export const addressJoined: AuditRule = {
  id: 'address-joined-by-hand',
  title: 'An address is put together with a plus',
  severity: 'low',
  saysWhen:
    'net.Dial and its like are given host + ":port", or fmt.Sprintf("%s:%d", host, port): an IPv6 host needs brackets.',
  fix: 'net.JoinHostPort(host, port).',
  check({ view, report }) {
    for (const call of view.calls) {
      if (!dials.test(call.name) || isTestFile(view, call.file)) continue
      const address = call.args.find((arg) => isJoined(view, call, arg))
      if (address === undefined) continue
      report(call.file, address, {
        message: 'An IPv6 host makes this address one that can not be read',
        confidence: 'probable',
      })
    }
  },
}

/** `host + ":9100"` and `fmt.Sprintf("%s:…", host, …)`, whose host is no literal. */
function isJoined(view: PackageView, call: CallSite, arg: number): boolean {
  const { syntax } = view.file(call.file)
  if (kindOf(syntax, arg) === 'binary_expression') {
    const left = childAt(syntax, arg, 'left')
    const right = stringOf(view, call.file, childAt(syntax, arg, 'right'))
    return right !== undefined && /^:\d*$/.test(right) && left !== undefined && /^[\w.]+$/.test(textOf(syntax, left))
  }
  const format = view.callAt(call.file, arg)
  if (format?.name !== 'fmt.Sprintf') return false
  const text = stringOf(view, call.file, format.args[0])
  const host = format.args[1]
  return (
    text !== undefined &&
    /^%[sv]:(%[dsv]|\d+)$/.test(text) &&
    host !== undefined &&
    stringOf(view, call.file, host) === undefined
  )
}
