/**
 * Faults of HTTP clients, those of a long poll above all: an error that is dropped, so that the response is nil; a body
 * that is never closed; a query in the Path of a URL, where ? is escaped; a request without scheme or host; a client
 * without a timeout.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isBuildTool, isTestFile } from '../audit/intent.ts'
import type { PackageView } from '../audit/package-view.ts'
import { callsIn, fieldValue, givenBy, isAlone, stringOf } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

const asks = [
  'net/http.Get',
  'net/http.Post',
  'net/http.Head',
  'net/http.PostForm',
  'net/http.Client.Do',
  'net/http.Client.Get',
  'net/http.Client.Post',
  'net/http.Client.Head',
  'net/http.Client.PostForm',
]

export const responseErrorDropped: AuditRule = {
  id: 'response-error-dropped',
  title: 'The error of a request is dropped',
  severity: 'high',
  saysWhen:
    '`resp, _ := client.Do(req)` (or Get, Post …) and the response is used: it is nil whenever the request fails.',
  fix: 'Look at the error before the response.',
  check({ view, report }) {
    for (const name of asks) {
      for (const call of view.callsOf(name)) {
        const given = givenBy(view, call.file, call.node)
        if (given === undefined || given.names.length !== 2 || isTestFile(view, call.file)) continue
        const [response, error] = given.names.map((node) => view.text(call.file, node))
        if (error !== '_' || response === '_') continue
        report(call.file, call.node, {
          message: `The error is thrown away: ${response} is nil when the request fails`,
          confidence: 'probable',
        })
      }
    }
  },
}

export const responseBodyUnclosed: AuditRule = {
  id: 'response-body-unclosed',
  title: 'A response’s body is never closed',
  severity: 'medium',
  saysWhen:
    'a response is kept in a local variable, its body is never closed, and neither is handed on: the connection can not be used again.',
  fix: 'defer resp.Body.Close() after the error was looked at.',
  check({ view, report }) {
    for (const name of asks) {
      for (const call of view.callsOf(name)) {
        if (isAlone(view, call) && !name.endsWith('Head') && !isTestFile(view, call.file)) {
          report(call.file, call.node, {
            message: 'The response is thrown away and its body stays open, and so is the error',
            confidence: 'probable',
          })
          continue
        }
        const given = givenBy(view, call.file, call.node)
        const response = given?.names[0]
        if (
          given === undefined ||
          response === undefined ||
          isTestFile(view, call.file) ||
          isBuildTool(view, call.file)
        )
          continue
        const { syntax, symbols } = view.file(call.file)
        if (kindOf(syntax, response) !== 'identifier' || name.endsWith('Head')) continue
        if (textOf(syntax, response) === '_') {
          report(call.file, call.node, {
            message: 'The response is thrown away and its body stays open',
            confidence: 'probable',
          })
          continue
        }
        const symbol = symbols[response] as number
        const declared = view.pkg.symbols[symbol]
        if (declared?.node === undefined || declared.kind !== 'variable' || declared.qualified !== undefined) continue
        if (isClosedOrGiven(view, symbol)) continue
        report(call.file, call.node, {
          message: `The body of ${textOf(syntax, response)} is never closed`,
          confidence: 'probable',
        })
      }
    }
  },
}

/** `resp.Body.Close()`, or resp (or its Body) given to something that may close it, returned or stored. */
function isClosedOrGiven(view: PackageView, symbol: number): boolean {
  return view.usesOf(symbol).some(({ file, node }) => {
    const { syntax } = view.file(file)
    let at = node
    let parent = syntax.parents[at] as number
    if (kindOf(syntax, parent) === 'selector_expression' && textOf(syntax, parent).endsWith('.Body')) {
      const outer = syntax.parents[parent] as number
      if (kindOf(syntax, outer) === 'selector_expression') return /\.Close$/.test(textOf(syntax, outer))
      at = parent
      parent = outer
      if (kindOf(syntax, parent) === 'argument_list') {
        const around = view.callAt(file, syntax.parents[parent] as number)
        // Readers that are known to leave it open.
        return around === undefined || !/^(io\.|io\/ioutil\.|encoding\/|bufio\.|fmt\.)/.test(around.name)
      }
      return kindOf(syntax, parent) !== 'selector_expression' && isKept(syntax.parents[at] as number, at)
    }
    if (kindOf(syntax, parent) === 'selector_expression') return false
    return isKept(parent, at)

    function isKept(around: number, inner: number): boolean {
      const kind = kindOf(syntax, around)
      if (
        kind === 'argument_list' ||
        kind === 'literal_element' ||
        kind === 'unary_expression' ||
        kind === 'send_statement'
      )
        return true
      if (kind !== 'expression_list') return false
      const statement = syntax.parents[around] as number
      return (
        kindOf(syntax, statement) === 'return_statement' || childAt(syntax, statement, 'right') === around || inner < 0
      )
    }
  })
}

export const queryInPath: AuditRule = {
  id: 'query-in-path',
  title: 'A URL that can not work',
  severity: 'high',
  saysWhen:
    'url.URL{Path: "…?…"} (the ? is escaped to %3F), or a request is made of a url.URL without scheme and host.',
  fix: 'Put the query into RawQuery, and give Scheme and Host; or url.Parse the whole.',
  check({ view, report }) {
    for (const { file, node } of view.nodesOf('composite_literal')) {
      if (view.typeAt(file, node) !== 'net/url.URL' || isTestFile(view, file)) continue
      const path = fieldValue(view, file, node, 'Path')
      const text = stringOf(view, file, path) ?? (path === undefined ? '' : firstString(view, file, path))
      if (path !== undefined && text.includes('?')) {
        report(file, path, {
          message: 'The ? in Path is escaped to %3F: the server sees no query',
          confidence: 'probable',
        })
      }
      if (!isSentByClient(view, file, node)) continue
      if (path !== undefined && fieldValue(view, file, node, 'Host') === undefined) {
        report(file, node, {
          message: 'The request’s URL has no host: a client refuses it (unsupported protocol scheme)',
          confidence: 'probable',
        })
      }
    }
  },
}

/** Part of a request literal, in a function that sends requests: in-process handlers take such a URL. */
function isSentByClient(view: PackageView, file: number, node: number): boolean {
  const { syntax } = view.file(file)
  let isRequest = false
  for (let at = syntax.parents[node] as number; at > 0 && !isRequest; at = syntax.parents[at] as number) {
    isRequest = view.typeAt(file, at) === 'net/http.Request'
  }
  const fn = view.functions[view.functionOf(file, node)]
  return (
    isRequest &&
    fn !== undefined &&
    callsIn(view, file, fn.node).some(({ name }) => /^net\/http\.Client\.Do$/.test(name))
  )
}

function firstString(view: PackageView, file: number, node: number): string {
  const { syntax } = view.file(file)
  for (let at = node; at < (syntax.after[node] as number); at++) {
    const text = stringOf(view, file, at)
    if (text?.includes('?') === true) return text
  }
  return ''
}

export const clientWithoutTimeout: AuditRule = {
  id: 'client-without-timeout',
  title: 'An HTTP client without a timeout',
  severity: 'low',
  saysWhen:
    'http.Get and its like (which wait for ever), or an http.Client without Timeout in a package that sends requests and gives them no context.',
  fix: 'Set Client.Timeout above the longest wait, or give each request a context with a deadline.',
  check({ view, report }) {
    const usesContext =
      view.callsOf('net/http.NewRequestWithContext').length > 0 ||
      view.callsOf('net/http.Request.WithContext').length > 0
    // Who runs a tool sees that it waits, and ends it: a note.
    const isTool = isOneShot(view)
    for (const name of asks.slice(0, 4)) {
      for (const call of view.callsOf(name)) {
        if (!isTestFile(view, call.file))
          report(call.file, call.node, {
            message: `http.${call.lastName} waits without end: the default client has no timeout`,
            ...(isTool ? { severity: 'info' as const } : { confidence: 'probable' as const }),
          })
      }
    }
    if (usesContext) return
    for (const call of view.callsOf('net/http.Client.Do')) {
      if (isTestFile(view, call.file) || !view.text(call.file, call.node).startsWith('http.DefaultClient.')) continue
      report(call.file, call.node, {
        message: 'http.DefaultClient waits without end, and the package gives its requests no context',
      })
    }
    for (const { file, node } of view.nodesOf('composite_literal')) {
      if (view.typeAt(file, node) !== 'net/http.Client' || isTestFile(view, file)) continue
      if (fieldValue(view, file, node, 'Timeout') !== undefined || isSetLater(view, file, node)) continue
      // Requests that are made elsewhere may have a context: only where this package makes them too.
      if (!asks.some((name) => view.callsOf(name).length > 0)) continue
      // One that is handed on may be used with contexts by those who get it: a note.
      const isLocal = givenBy(view, file, literalValue(view, file, node)) !== undefined && !isHandedOn(view, file, node)
      report(file, node, {
        message: 'The client has no timeout, and the package gives its requests no context',
        ...(isLocal && !isTool ? {} : { severity: 'info' as const }),
      })
    }
  },
}

/** Of a command line: a package of cobra or urfave, or a main that serves nobody. */
function isOneShot(view: PackageView): boolean {
  const isOfCommands = view.pkg.files.some(
    ({ isTest, imports }) =>
      !isTest && imports.some(({ path }) => /^github\.com\/(spf13\/cobra|urfave\/cli)/.test(path)),
  )
  return (
    isOfCommands ||
    (view.pkg.name === 'main' &&
      !view.calls.some(({ lastName }) =>
        /^(Serve|ServeTLS|ListenAndServe|ListenAndServeTLS|NewServer|Listen)$/.test(lastName),
      ))
  )
}

/** `&http.Client{…}` of `http.Client{…}`. */
function literalValue(view: PackageView, file: number, node: number): number {
  const parent = view.file(file).syntax.parents[node] as number
  return view.kind(file, parent) === 'unary_expression' ? parent : node
}

/** Its variable is returned, stored or given to a call. */
function isHandedOn(view: PackageView, file: number, node: number): boolean {
  const { syntax, symbols } = view.file(file)
  const name = givenBy(view, file, literalValue(view, file, node))?.names[0]
  const symbol = name === undefined ? -1 : (symbols[name] as number)
  return view.usesOf(symbol).some((use) => {
    const parent = syntax.parents[use.node] as number
    return use.node !== name && kindOf(syntax, parent) !== 'selector_expression'
  })
}

function isSetLater(view: PackageView, file: number, node: number): boolean {
  const { syntax } = view.file(file)
  const fn = view.functions[view.functionOf(file, node)]
  return (
    fn !== undefined && /\.Timeout\s*=/.test(textOf(syntax, fn.node)) && [...childrenOf(syntax, fn.node)].length > 0
  )
}
