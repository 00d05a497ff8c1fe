/**
 * Faults with groups, loops and channels: an errgroup that is never waited for, or that starts a goroutine per item
 * without a limit; Close deferred in a loop, so that all stay open; a loop's variable captured where the module's go line
 * is before 1.22; a goroutine that drains a channel and drops errors or that nobody waits for.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isBuildTool, isRoot, isTestFile } from '../audit/intent.ts'
import type { CallSite, PackageView } from '../audit/package-view.ts'
import { ancestorInFunction, callsIn, isAlone, loopAround, rootOf } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

const group = 'golang.org/x/sync/errgroup.Group'

function receiverSymbol(view: PackageView, call: CallSite): number {
  const { syntax, symbols } = view.file(call.file)
  const called = childAt(syntax, call.node, 'function')
  const operand = called === undefined ? undefined : childAt(syntax, called, 'operand')
  return operand === undefined || kindOf(syntax, operand) !== 'identifier' ? -1 : (symbols[operand] as number)
}

/** The group's first Go call, by its variable: local ones only. */
function groupsOf(view: PackageView): ReadonlyMap<number, readonly CallSite[]> {
  const found = new Map<number, CallSite[]>()
  for (const name of ['Go', 'TryGo']) {
    for (const call of view.callsOf(`${group}.${name}`)) {
      const symbol = receiverSymbol(view, call)
      const declared = view.pkg.symbols[symbol]
      if (declared?.node === undefined || declared.kind !== 'variable' || declared.qualified !== undefined) continue
      found.set(symbol, [...(found.get(symbol) ?? []), call])
    }
  }
  return found
}

function hasCall(view: PackageView, symbol: number, method: string): boolean {
  return view.callsOf(`${group}.${method}`).some((call) => receiverSymbol(view, call) === symbol)
}

/** The variable is handed on or kept: others may do with it what is missed here. */
function isShared(view: PackageView, symbol: number): boolean {
  return view.usesOf(symbol).some(({ file, node }) => {
    const { syntax } = view.file(file)
    const kind = kindOf(syntax, syntax.parents[node] as number)
    return (
      kind === 'argument_list' ||
      kind === 'unary_expression' ||
      kind === 'literal_element' ||
      kind === 'return_statement'
    )
  })
}

export const errgroupNotWaited: AuditRule = {
  id: 'errgroup-not-waited',
  title: 'An errgroup is never waited for',
  severity: 'high',
  saysWhen:
    'a local errgroup runs work, and Wait is never called on it: errors are lost, and its context is never cancelled. Or Wait’s error is dropped.',
  fix: 'if err := g.Wait(); err != nil { return err }.',
  check({ view, report }) {
    for (const [symbol, calls] of groupsOf(view)) {
      const [first] = calls
      if (first === undefined || isTestFile(view, first.file) || isShared(view, symbol)) continue
      if (!hasCall(view, symbol, 'Wait')) {
        report(first.file, first.node, {
          message: `${view.pkg.symbols[symbol]?.name} runs work and is never waited for`,
          confidence: 'probable',
        })
      }
    }
    for (const call of view.callsOf(`${group}.Wait`)) {
      if (!isAlone(view, call) || isTestFile(view, call.file)) continue
      const symbol = receiverSymbol(view, call)
      // A second Wait that only holds back, or a group that gives no errors.
      const others = view.callsOf(`${group}.Wait`).filter((one) => one !== call && receiverSymbol(view, one) === symbol)
      if (symbol >= 0 && others.some((one) => !isAlone(view, one))) continue
      if (symbol >= 0 && givesNoErrors(view, symbol)) continue
      report(call.file, call.node, {
        message: 'The error of the group is thrown away',
        severity: 'medium',
        confidence: 'probable',
      })
    }
  },
}

/** Every function that the local group runs is a literal whose returns are all `return nil`. */
function givesNoErrors(view: PackageView, symbol: number): boolean {
  const calls = groupsOf(view).get(symbol)
  if (calls === undefined || isShared(view, symbol)) return false
  return calls.every((call) => {
    const [literal] = call.args
    if (literal === undefined || view.kind(call.file, literal) !== 'func_literal') return false
    const fn = view.functionOf(call.file, literal)
    return view
      .nodesOf('return_statement')
      .filter((one) => one.file === call.file && view.functionOf(one.file, one.node) === fn)
      .every((one) => view.text(one.file, one.node) === 'return nil')
  })
}

export const errgroupUnbounded: AuditRule = {
  id: 'errgroup-unbounded',
  title: 'An errgroup without a limit',
  severity: 'low',
  saysWhen: 'in a loop over data, a local errgroup starts a goroutine per item, and SetLimit is not called on it.',
  fix: 'g.SetLimit(n) before the loop.',
  check({ view, report }) {
    for (const [symbol, calls] of groupsOf(view)) {
      const call = calls.find((one) => isLoopOverData(view, one))
      if (
        call === undefined ||
        isTestFile(view, call.file) ||
        hasCall(view, symbol, 'SetLimit') ||
        isShared(view, symbol)
      )
        continue
      report(call.file, call.node, {
        message: `${view.pkg.symbols[symbol]?.name} starts a goroutine for every item, without a limit`,
        // A list that is in memory is bounded by whoever made it: a note.
        ...(isLoopOverStream(view, call) ? {} : { severity: 'info' as const }),
      })
    }
  },
}

export const waitGroupBesideErrgroup: AuditRule = {
  id: 'waitgroup-beside-errgroup',
  title: 'A WaitGroup counts what an errgroup counts',
  severity: 'low',
  saysWhen:
    'a function that errgroup.Go runs calls Done of a sync.WaitGroup of outside: the group waits for it already.',
  fix: 'Drop the WaitGroup: g.Wait() waits for all, and gives the first error.',
  check({ view, report }) {
    for (const call of view.callsOf('sync.WaitGroup.Done')) {
      const fn = view.functions[call.fn]
      if (fn?.kind !== 'literal' || isTestFile(view, call.file)) continue
      const { syntax } = view.file(fn.file)
      const around = view.callAt(fn.file, syntax.parents[syntax.parents[fn.node] as number] as number)
      if (around?.name !== `${group}.Go` || !around.args.includes(fn.node)) continue
      report(call.file, call.node, {
        message: 'Counted twice: the errgroup waits for this function already',
        confidence: 'probable',
      })
    }
  },
}

/** `for rows.Next()`, `for {}`, a range over a channel: nobody knows how many there will be. */
function isLoopOverStream(view: PackageView, call: CallSite): boolean {
  const loop = loopAround(view, call.file, call.node)
  if (loop === undefined) return false
  const { syntax } = view.file(call.file)
  const body = childAt(syntax, loop, 'body')
  if (callsIn(view, call.file, loop).some(({ lastName }) => /^Accept/.test(lastName))) return false
  for (let at = loop + 1; at < (body ?? loop); at++) {
    const kind = kindOf(syntax, at)
    if (kind === 'range_clause') {
      const right = childAt(syntax, at, 'right')
      return right !== undefined && /^(<-\s*)?chan\b/.test(view.typeAt(call.file, right))
    }
    if (kind === 'for_clause') return false
  }
  return true
}

/** As many at once need no limit. */
const FEW_GOROUTINES = 100

/** Not of `for i := range 4`, whose number stands there. */
function isLoopOverData(view: PackageView, call: CallSite): boolean {
  const loop = loopAround(view, call.file, call.node)
  if (loop === undefined) return false
  const { syntax } = view.file(call.file)
  const head = textOf(syntax, loop).slice(0, textOf(syntax, loop).indexOf('{'))
  const [, bound] = /(?:range\s+|<=?\s*)(\d+)\b/.exec(head) ?? []
  if (bound !== undefined) return Number(bound) > FEW_GOROUTINES
  if (/<=?\s*[A-Z_]\w*;|workers|concurrency|parallel|routines|NumCPU|GOMAXPROCS/i.test(head)) return false
  // Workers that take their items from a channel: as many as were asked for.
  const [literal] = call.args
  return literal === undefined || rangeOverChannel(view, call.file, literal) === undefined
}

export const deferInLoop: AuditRule = {
  id: 'defer-in-loop',
  title: 'A close is deferred in a loop',
  severity: 'medium',
  saysWhen:
    'defer of Close, Stop, Unlock, cancel or End stands in a loop’s body: it runs when the function ends, not the turn.',
  fix: 'Put the turn’s body into a function of its own, or close at its end.',
  check({ view, report }) {
    for (const { file, node } of view.nodesOf('defer_statement')) {
      if (isTestFile(view, file) || loopAround(view, file, node) === undefined) continue
      const calls = callsIn(view, file, node)
      const closing = calls.find(({ lastName }) => closes.test(lastName))
      if (closing === undefined || endsTurn(view, file, node)) continue
      // Kept on purpose where what is closed goes into something that outlives the turn.
      if (isKeptBeyond(view, closing, loopAround(view, file, node) as number)) continue
      if (isOfRange(view, closing, loopAround(view, file, node) as number) || closesItself(view, closing, node))
        continue
      const isFreed = /^(Release|Rollback|Stop|End)$/.test(closing.lastName)
      const isShort = isRoot(view, view.functionOf(file, node)) || isBuildTool(view, file)
      report(file, node, {
        message: `${closing.lastName} is deferred in a loop: each turn keeps what it opened until the function ends`,
        // Release and its like may free what later turns need.
        confidence: isFreed ? 'possible' : 'probable',
        // What does more than close undoes what the function did: it belongs to its end.
        ...(isShort || isFreed || calls.some((one) => !isClosing(one)) ? { severity: 'info' as const } : {}),
      })
    }
  },
}

const closes = /^(Close|CloseNow|Stop|Unlock|RUnlock|cancel|End|Release|Rollback)$/

/** Closes, or says what came of it. */
function isClosing({ lastName }: CallSite): boolean {
  return (
    closes.test(lastName) ||
    /^(Log|Print|Debug|Info|Warn|Error|Fatal|Panic|Join|Wrap|Is|With|Err|Msg|Append|append|recover|panic|func|String)/.test(
      lastName,
    ) ||
    lastName === '' ||
    /Err(or)?s?$/.test(lastName)
  )
}

/** `for _, s := range old { defer s.Close() }`: what is closed was there before the turn, and is wanted until the end. */
function isOfRange(view: PackageView, closing: CallSite, loop: number): boolean {
  const { syntax, symbols } = view.file(closing.file)
  const called = childAt(syntax, closing.node, 'function')
  if (called === undefined) return false
  const symbol = symbols[rootOf(view, closing.file, called)] as number
  if (symbol < 0) return false
  for (let at: number | undefined = loop; at !== undefined; at = loopAround(view, closing.file, at)) {
    if (loopVariables(view, closing.file, at).some((name) => (symbols[name] as number) === symbol)) return true
  }
  return false
}

/** `defer func() { if !closed { w.Close() } }()`, and `w.Close()` at the turn's end: the deferred one is for errors. */
function closesItself(view: PackageView, closing: CallSite, statement: number): boolean {
  const { syntax } = view.file(closing.file)
  const loop = loopAround(view, closing.file, statement) as number
  const symbol = receiverSymbol(view, closing)
  return (
    symbol >= 0 &&
    callsIn(view, closing.file, loop).some(
      (one) =>
        one.lastName === closing.lastName &&
        one.node >= (syntax.after[statement] as number) &&
        receiverSymbol(view, one) === symbol,
    )
  )
}

/** `closers = append(closers, f)`, `m[key] = f`, `Layer{Reader: f}`: the variable is put into something else in the turn. */
function isKeptBeyond(view: PackageView, closing: CallSite, loop: number): boolean {
  const symbol = receiverSymbol(view, closing)
  if (symbol < 0) return false
  const { syntax } = view.file(closing.file)
  return view.usesOf(symbol).some(({ file, node }) => {
    if (file !== closing.file || node < loop || node >= (syntax.after[loop] as number)) return false
    if (isRunElsewhere(view, file, node, loop)) return true
    const parent = syntax.parents[node] as number
    const kind = kindOf(syntax, parent)
    if (kind === 'literal_element' || kind === 'send_statement') return true
    if (kind === 'argument_list') return view.callAt(file, syntax.parents[parent] as number)?.name === 'append'
    if (kind !== 'expression_list') return false
    const statement = syntax.parents[parent] as number
    if (childAt(syntax, statement, 'right') !== parent || kindOf(syntax, statement) !== 'assignment_statement')
      return false
    return true
  })
}

/** In a literal that the turn starts or gives to a group: `g.Go(func() error { … client … })` goes on after the turn. */
function isRunElsewhere(view: PackageView, file: number, node: number, loop: number): boolean {
  const { syntax } = view.file(file)
  for (
    let at = view.functions[view.functionOf(file, node)];
    at !== undefined && at.node > loop;
    at = view.functions[at.parent]
  ) {
    const parent = syntax.parents[at.node] as number
    const call =
      kindOf(syntax, parent) === 'argument_list' ? view.callAt(file, syntax.parents[parent] as number) : undefined
    if (call !== undefined && /^(Go|TryGo|Submit|Spawn|Run)$/.test(call.lastName)) return true
    if (kindOf(syntax, syntax.parents[parent] as number) === 'go_statement') return true
  }
  return false
}

/** The turn ends in a return, break or os.Exit: the loop runs once past here. */
function endsTurn(view: PackageView, file: number, node: number): boolean {
  const { syntax } = view.file(file)
  const list = syntax.parents[node] as number
  const last = [...childrenOf(syntax, list)].filter((child) => kindOf(syntax, child) !== 'comment').at(-1)
  return last !== undefined && /^(return|break)_statement$/.test(kindOf(syntax, last))
}

export const loopVariableCaptured: AuditRule = {
  id: 'loop-variable-captured',
  title: 'A loop’s variable is captured',
  severity: 'high',
  saysWhen:
    'the module’s go line is before 1.22 (without a go.mod: a note), and a literal started with go, deferred, or given to a group in a loop uses the loop’s variable.',
  fix: 'x := x before the literal, pass it as an argument, or raise the go line to 1.22.',
  check({ view, report }) {
    const version = view.pkg.module?.goVersion
    // Without a go.mod nobody knows the go line: a note.
    const isKnown = view.pkg.module !== undefined
    if (isKnown && !isBefore122(version)) return
    for (const fn of view.functions) {
      if (fn.kind !== 'literal' || isTestFile(view, fn.file)) continue
      const { syntax, symbols } = view.file(fn.file)
      if (!isDelayed(view, fn.file, fn.node)) continue
      for (let loop = loopAround(view, fn.file, fn.node); loop !== undefined; loop = loopAround(view, fn.file, loop)) {
        for (const name of loopVariables(view, fn.file, loop)) {
          const symbol = symbols[name] as number
          const use = view
            .usesOf(symbol)
            .find((one) => one.file === fn.file && one.node > fn.node && one.node < (syntax.after[fn.node] as number))
          if (symbol < 0 || use === undefined) continue
          report(fn.file, use.node, {
            message: isKnown
              ? `${textOf(syntax, name)} is one variable for all turns (go ${version ?? 'line absent'}): the literal sees a later one`
              : `${textOf(syntax, name)} is one variable for all turns before go 1.22, and no go.mod says which go this is`,
            ...(isKnown ? { confidence: 'probable' as const } : { severity: 'info' as const }),
          })
        }
      }
    }
  },
}

function isBefore122(version: string | undefined): boolean {
  const [major = 1, minor = 16] = (version ?? '1.16').split('.').map(Number)
  return major === 1 && minor < 22
}

function isDelayed(view: PackageView, file: number, literal: number): boolean {
  const { syntax } = view.file(file)
  const parent = syntax.parents[literal] as number
  if (kindOf(syntax, parent) === 'call_expression')
    return /^(go|defer)_statement$/.test(kindOf(syntax, syntax.parents[parent] as number))
  const call = view.callAt(file, syntax.parents[parent] as number)
  return call !== undefined && /errgroup\.Group\.(Go|TryGo)$|^sync\.WaitGroup\.Go$|^time\.AfterFunc$/.test(call.name)
}

function loopVariables(view: PackageView, file: number, loop: number): readonly number[] {
  const { syntax } = view.file(file)
  for (const clause of childrenOf(syntax, loop)) {
    const kind = kindOf(syntax, clause)
    if (kind === 'range_clause') {
      const left = childAt(syntax, clause, 'left')
      const isNew =
        left !== undefined && /^\s*:=/.test(syntax.text.slice(syntax.ends[left], (syntax.ends[left] as number) + 8))
      return left === undefined || !isNew
        ? []
        : [...childrenOf(syntax, left)].filter((child) => kindOf(syntax, child) === 'identifier')
    }
    if (kind === 'for_clause') {
      const first = childAt(syntax, clause, 'initializer')
      const left = first === undefined ? undefined : childAt(syntax, first, 'left')
      return left === undefined
        ? []
        : [...childrenOf(syntax, left)].filter((child) => kindOf(syntax, child) === 'identifier')
    }
  }
  return []
}

export const channelConsumer: AuditRule = {
  id: 'channel-consumer-unguarded',
  title: 'A consumer of a channel without drain or error',
  severity: 'low',
  saysWhen:
    'a goroutine ranges over a channel and calls, in each turn, a function whose error it drops; or nothing tells when it has drained: no ' +
    'WaitGroup, no channel closed or sent to at its end, no context.',
  fix: 'Look at the error of each turn, and let shutdown wait until the channel is drained: a WaitGroup or a done channel.',
  check({ view, report }) {
    for (const { file, node } of view.nodesOf('go_statement')) {
      if (isTestFile(view, file)) continue
      const { syntax } = view.file(file)
      const call = view.callAt(file, node + 1)
      const literal = call === undefined ? undefined : childAt(syntax, call.node, 'function')
      if (literal === undefined || kindOf(syntax, literal) !== 'func_literal') continue
      const loop = rangeOverChannel(view, file, literal)
      if (loop === undefined || isOfSignals(view, file, loop)) continue
      const dropped = callsIn(view, file, loop).find(
        (one) =>
          isAlone(view, one) &&
          /(^|[ ,(])error\)?$/.test(view.typeAt(file, one.node)) &&
          !/^(fmt|io)\.|Close$/.test(one.name),
      )
      if (dropped !== undefined) {
        report(file, dropped.node, {
          message: `The error of ${dropped.lastName} is dropped for every item of the channel`,
          severity: 'medium',
          confidence: 'probable',
        })
      }
      const text = textOf(syntax, literal)
      if (!/\b(Done|close|cancel|Wait)\(|<-\s*(ctx|done|quit|stop)|ctx\.|\w+\s*<-/.test(text)) {
        report(file, node, {
          message: 'Nothing tells when the consumer of the channel has drained it: shutdown can not wait for it',
          severity: 'info',
        })
      }
    }
  },
}

/** Signals and ticks come as long as the process lives. */
function isOfSignals(view: PackageView, file: number, loop: number): boolean {
  const { syntax } = view.file(file)
  for (let at = loop + 1; at < (syntax.after[loop] as number); at++) {
    if (kindOf(syntax, at) !== 'range_clause') continue
    const right = childAt(syntax, at, 'right')
    return right !== undefined && /chan (os\.Signal|time\.Time)$/.test(view.typeAt(file, right))
  }
  return false
}

function rangeOverChannel(view: PackageView, file: number, literal: number): number | undefined {
  const { syntax } = view.file(file)
  for (let at = literal; at < (syntax.after[literal] as number); at++) {
    if (kindOf(syntax, at) !== 'range_clause') continue
    const right = childAt(syntax, at, 'right')
    if (
      right !== undefined &&
      /^(<-)?chan /.test(view.typeAt(file, right)) &&
      ancestorInFunction(view, file, at, ['for_statement']) !== undefined
    )
      return syntax.parents[at] as number
  }
  return undefined
}
