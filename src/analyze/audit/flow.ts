/**
 * The control flow of one function, as a graph of its statements: what may run after what. Enters: the view and a
 * function. Leaves: points (a statement, a condition, a case) with those that follow, and one exit. Calls that do not
 * come back (panic, os.Exit, log.Fatal, t.FailNow …) end a path; conditions are not read, but `for {}` has no way past
 * it. goto is followed. Literals inside are functions of their own and are not entered.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import type { FunctionView, PackageView } from './package-view.ts'

export type Flow = {
  /** Syntax node of each point; that of the function for the exit. */
  readonly nodes: readonly number[]
  readonly next: readonly (readonly number[])[]
  readonly entry: number
  readonly exit: number
  /** Points that are return statements. */
  readonly returns: ReadonlySet<number>
  /** The point that runs this node (or holds it). */
  pointOf(node: number): number | undefined
}

const endings =
  /^(panic|os\.Exit|runtime\.Goexit|log\.(Fatal|Fatalf|Fatalln|Panic|Panicf|Panicln)|log\.Logger\.(Fatal|Fatalf|Fatalln|Panic|Panicf|Panicln)|testing\.(T|B|F|TB|common)\.(Fatal|Fatalf|FailNow|Skip|Skipf|SkipNow)|syscall\.Exit|go\.uber\.org\/zap\.(Logger|SugaredLogger)\.(Fatal|Fatalf|Fatalw|Panic|Panicf)|github\.com\/sirupsen\/logrus\.(Fatal|Fatalf|Fatalln|Panic|Exit))$/

function isEnding(name: string): boolean {
  return endings.test(name)
}

/** Statements nested deeper are points without ways of their own. */
const MAX_DEPTH = 400

type Targets = { readonly label: string; readonly onBreak: number; readonly onContinue: number | undefined }

export function buildFlow(view: PackageView, fn: FunctionView): Flow {
  const { syntax } = view.file(fn.file)
  const nodes: number[] = []
  const next: number[][] = []
  const points = new Map<number, number>()
  const labels = new Map<string, number>()
  let depth = 0
  const jumps: { from: number; label: string }[] = []
  const returns = new Set<number>()
  const exit = add(fn.node)
  const body = fn.body
  const entry = body === undefined ? exit : sequence(statementsOf(body), exit, [], undefined)
  for (const { from, label } of jumps) {
    const target = labels.get(label)
    link(from, target ?? exit)
  }
  return {
    nodes,
    next,
    entry,
    exit,
    returns,
    pointOf(node) {
      for (let at = node; at > fn.node; at = syntax.parents[at] as number) {
        const point = points.get(at)
        if (point !== undefined) return point
      }
      return undefined
    },
  }

  function add(node: number): number {
    nodes.push(node)
    next.push([])
    points.set(node, nodes.length - 1)
    return nodes.length - 1
  }

  function link(from: number, to: number): void {
    next[from]?.push(to)
  }

  function statementsOf(block: number): number[] {
    const found: number[] = []
    for (const child of childrenOf(syntax, block)) {
      const kind = kindOf(syntax, child)
      if (kind === 'statement_list') found.push(...statementsOf(child))
      else if (kind !== 'comment') found.push(child)
    }
    return found
  }

  /** Points are made from the end, so that each knows what follows. Returns the first. */
  function sequence(
    list: readonly number[],
    after: number,
    targets: readonly Targets[],
    through: number | undefined,
  ): number {
    let follows = after
    for (let index = list.length - 1; index >= 0; index--) {
      const node = list[index] as number
      if (kindOf(syntax, node) === 'fallthrough_statement') {
        const point = add(node)
        link(point, through ?? after)
        follows = point
      } else follows = statement(node, follows, targets, '')
    }
    return follows
  }

  function statement(node: number, after: number, targets: readonly Targets[], label: string): number {
    if (depth >= MAX_DEPTH) return before(node, after)
    depth++
    const point = statementOfKind(node, after, targets, label)
    depth--
    return point
  }

  function statementOfKind(node: number, after: number, targets: readonly Targets[], label: string): number {
    switch (kindOf(syntax, node)) {
      case 'block':
        return sequence(statementsOf(node), after, targets, undefined)
      case 'labeled_statement': {
        const nameNode = childAt(syntax, node, 'label')
        const name = nameNode === undefined ? '' : textOf(syntax, nameNode)
        const inner = [...childrenOf(syntax, node)].find(
          (child) => child !== nameNode && kindOf(syntax, child) !== 'comment',
        )
        const point = inner === undefined ? after : statement(inner, after, targets, name)
        labels.set(name, point)
        return point
      }
      case 'if_statement':
        return ifStatement(node, after, targets)
      case 'for_statement':
        return forStatement(node, after, targets, label)
      case 'expression_switch_statement':
      case 'type_switch_statement':
      case 'select_statement':
        return cases(node, after, targets, label)
      case 'return_statement': {
        const point = add(node)
        returns.add(point)
        link(point, exit)
        return point
      }
      case 'break_statement':
      case 'continue_statement': {
        const point = add(node)
        const target = findTarget(node, targets)
        link(point, target ?? exit)
        return point
      }
      case 'goto_statement': {
        const point = add(node)
        const name = [...childrenOf(syntax, node)].map((child) => textOf(syntax, child))[0] ?? ''
        jumps.push({ from: point, label: name })
        return point
      }
      default: {
        const point = add(node)
        if (!isLast(node)) link(point, after)
        return point
      }
    }
  }

  function isLast(node: number): boolean {
    if (kindOf(syntax, node) !== 'expression_statement') return false
    const call = view.callAt(fn.file, node + 1)
    return call !== undefined && isEnding(call.name)
  }

  function ifStatement(node: number, after: number, targets: readonly Targets[]): number {
    const yes = childAt(syntax, node, 'consequence')
    const no = childAt(syntax, node, 'alternative')
    const condition = childAt(syntax, node, 'condition')
    const initializer = childAt(syntax, node, 'initializer')
    const test = add(condition ?? node)
    link(test, yes === undefined ? after : statement(yes, after, targets, ''))
    link(test, no === undefined ? after : statement(no, after, targets, ''))
    return initializer === undefined ? test : before(initializer, test)
  }

  function before(node: number, follows: number): number {
    const point = add(node)
    link(point, follows)
    return point
  }

  function forStatement(node: number, after: number, targets: readonly Targets[], label: string): number {
    const body = childAt(syntax, node, 'body')
    const [clause] = [...childrenOf(syntax, node)].filter(
      (child) => child !== body && kindOf(syntax, child) !== 'comment',
    )
    const kind = clause === undefined ? '' : kindOf(syntax, clause)
    const condition = kind === 'for_clause' ? childAt(syntax, clause as number, 'condition') : clause
    const test = add(condition ?? node)
    let again = test
    if (kind === 'for_clause') {
      const update = childAt(syntax, clause as number, 'update')
      if (update !== undefined) again = before(update, test)
    }
    const inner = [...targets, { label, onBreak: after, onContinue: again }]
    link(test, body === undefined ? again : statement(body, again, inner, ''))
    const isEndless = condition === undefined || textOf(syntax, condition) === 'true'
    if (!isEndless) link(test, after)
    const initializer = kind === 'for_clause' ? childAt(syntax, clause as number, 'initializer') : undefined
    return initializer === undefined ? test : before(initializer, test)
  }

  function cases(node: number, after: number, targets: readonly Targets[], label: string): number {
    const isSelect = kindOf(syntax, node) === 'select_statement'
    const inner = [...targets, { label, onBreak: after, onContinue: undefined }]
    const value = childAt(syntax, node, 'value')
    const initializer = childAt(syntax, node, 'initializer')
    const all = [...childrenOf(syntax, node)].filter((child) => /_case$/.test(kindOf(syntax, child)))
    const test = add(value ?? node)
    let through: number | undefined
    for (let index = all.length - 1; index >= 0; index--) {
      const one = all[index] as number
      const list = statementsOf(one).filter((child) => isStatementOfCase(one, child))
      let first = sequence(list, after, inner, through)
      through = first
      const communication = childAt(syntax, one, 'communication')
      if (communication !== undefined) first = before(communication, first)
      link(test, first)
    }
    const hasDefault = all.some((one) => kindOf(syntax, one) === 'default_case')
    if (!hasDefault && !isSelect) link(test, after)
    return initializer === undefined ? test : before(initializer, test)
  }

  /** Values and communications of a case are no statements of it. */
  function isStatementOfCase(one: number, child: number): boolean {
    const field = syntax.fieldNames[syntax.fields[child] as number] ?? ''
    return field === '' || (syntax.parents[child] as number) !== one
  }

  function findTarget(node: number, targets: readonly Targets[]): number | undefined {
    const isBreak = kindOf(syntax, node) === 'break_statement'
    const name = [...childrenOf(syntax, node)].map((child) => textOf(syntax, child))[0] ?? ''
    for (let index = targets.length - 1; index >= 0; index--) {
      const target = targets[index] as Targets
      if (name !== '' && target.label !== name) continue
      if (isBreak) return target.onBreak
      if (target.onContinue !== undefined) return target.onContinue
    }
    return undefined
  }
}

/** A way from after `start` to the exit on which no point is `done`: the last point of it (a return, or the function's
 *  own node for its end); undefined when every way has one. `kill` points end a way badly: they are given back too. */
export function findWayWithout(
  flow: Flow,
  start: number,
  isDone: (node: number) => boolean,
  isKill: (node: number) => boolean = () => false,
): number | undefined {
  const seen = new Set<number>()
  const open: { readonly point: number; readonly from: number }[] = (flow.next[start] ?? []).map((point) => ({
    point,
    from: start,
  }))
  while (open.length > 0) {
    const { point, from } = open.pop() as { point: number; from: number }
    if (point === flow.exit) return flow.nodes[flow.returns.has(from) ? from : flow.exit]
    if (seen.has(point)) continue
    seen.add(point)
    const node = flow.nodes[point] as number
    if (isDone(node)) continue
    if (isKill(node)) return node
    for (const follows of flow.next[point] ?? []) open.push({ point: follows, from: point })
  }
  return undefined
}
