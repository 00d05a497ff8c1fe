/**
 * Classes that stand in one call of the set-up: 27 a sampler that is not ParentBased, 33 baggage without TraceContext,
 * 6 ids of 64 bits, 15 export or shutdown with a context that is cancelled by then.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isContextType } from '../audit/context-scope.ts'
import { isTestFile } from '../audit/intent.ts'
import type { CallSite, FunctionView, PackageView } from '../audit/package-view.ts'
import { calledFunction, callsIn, isHandler, stringOf } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

const sdk = 'go.opentelemetry.io/otel/sdk/trace'
const openTracing = 'go.opentelemetry.io/contrib/propagators/ot.OT'
const propagation = 'go.opentelemetry.io/otel/propagation'

export const samplingDisagreement: AuditRule = {
  id: 'sampling-disagreement',
  classNumber: 27,
  title: 'Samplers disagree',
  severity: 'medium',
  saysWhen:
    'trace.WithSampler is given a sampler that does not ask the parent: TraceIDRatioBased, AlwaysSample, NeverSample in place; or a function of the set-up returns a TraceIDRatioBased that nobody puts into ParentBased.',
  fix: 'ParentBased samplers everywhere: trace.ParentBased(trace.TraceIDRatioBased(0.1)).',
  check({ view, report }) {
    for (const call of view.callsOf(`${sdk}.WithSampler`)) {
      const [sampler] = call.args
      const inner = sampler === undefined ? undefined : view.callAt(call.file, sampler)
      if (sampler === undefined || inner === undefined || isTestFile(view, call.file)) continue
      if (!/\.(TraceIDRatioBased|AlwaysSample|NeverSample)$/.test(inner.name)) continue
      const isRatio = inner.lastName === 'TraceIDRatioBased'
      const { syntax } = view.file(call.file)
      const called = childAt(syntax, inner.node, 'function')
      const operand = called === undefined ? undefined : childAt(syntax, called, 'operand')
      const start = syntax.starts[sampler] as number
      const end = syntax.ends[sampler] as number
      report(call.file, sampler, {
        message: `${inner.lastName} does not ask the parent: this service decides anew, and parts of traces are missing`,
        confidence: 'probable',
        ...(isRatio ? {} : { severity: 'low' }),
        ...(operand === undefined
          ? {}
          : {
              fix: {
                title: 'ParentBased',
                edits: [
                  { start, end: start, text: `${textOf(syntax, operand)}.ParentBased(` },
                  { start: end, end, text: ')' },
                ],
              },
            }),
      })
    }
    for (const call of view.callsOf(`${sdk}.TraceIDRatioBased`)) {
      const holder = returnedBy(view, call)
      if (isTestFile(view, call.file) || holder === undefined || isPutIntoParentBased(view, holder)) continue
      // One of several by a setting: whoever names it may know why.
      const isChoice = callsIn(view, holder.file, holder.node).some((one) => one.name === `${sdk}.ParentBased`)
      report(call.file, call.node, {
        message: `${holder.name} returns TraceIDRatioBased, which does not ask the parent: this service decides anew, and parts of traces are missing`,
        ...(isChoice ? { severity: 'info' as const } : { confidence: 'probable' as const }),
      })
    }
  },
}

/** `return trace.TraceIDRatioBased(0.1)`: the function that hands the sampler on. */
function returnedBy(view: PackageView, call: CallSite): FunctionView | undefined {
  const { syntax } = view.file(call.file)
  const list = syntax.parents[call.node] as number
  const isReturned =
    kindOf(syntax, list) === 'return_statement' ||
    (kindOf(syntax, list) === 'expression_list' &&
      kindOf(syntax, syntax.parents[list] as number) === 'return_statement')
  return isReturned ? view.functions[call.fn] : undefined
}

/** Its result is an argument of ParentBased, at once or through a variable of the package's; exported ones may be. */
function isPutIntoParentBased(view: PackageView, holder: FunctionView): boolean {
  const users = view.calls.filter((call) => calledFunction(view, call) === holder && !isTestFile(view, call.file))
  if (users.length === 0) return true
  return users.some((call) => {
    const around = view.functions[call.fn]
    return (
      around !== undefined && callsIn(view, call.file, around.node).some((one) => one.name === `${sdk}.ParentBased`)
    )
  })
}

export const baggageOnly: AuditRule = {
  id: 'baggage-only',
  classNumber: 33,
  title: 'Headers come without traceparent',
  severity: 'high',
  saysWhen:
    'the propagator that is set is Baggage alone, or a composite without TraceContext, B3, Jaeger or another format of ids.',
  fix: 'Put TraceContext into the composite propagator.',
  check({ view, report }) {
    for (const name of [
      'go.opentelemetry.io/otel.SetTextMapPropagator',
      `${propagation}.NewCompositeTextMapPropagator`,
    ]) {
      for (const call of view.callsOf(name)) {
        if (isTestFile(view, call.file) || call.args.length === 0) continue
        const types = call.args.map((arg) => view.typeAt(call.file, arg))
        if (!types.every((type) => type === `${propagation}.Baggage`)) continue
        report(call.file, call.node, {
          message: 'Only baggage is propagated: no header carries the trace id',
          confidence: 'probable',
        })
      }
    }
  },
}

/** The SDK's own default: fewer spans waiting than it sends by itself. */
const DEFAULT_QUEUE = 2048

export const queueOverflow: AuditRule = {
  id: 'queue-overflow',
  classNumber: 14,
  title: 'The queue of spans is small',
  severity: 'low',
  saysWhen:
    'WithMaxQueueSize is given a number below the SDK’s own 2,048: a burst of more spans than that within the batch delay loses what is over, parents and children alike.',
  fix: 'A queue for the busiest batch delay (5 s by default), or WithBlocking where waiting is better than loss.',
  check({ view, report }) {
    for (const call of view.callsOf(`${sdk}.WithMaxQueueSize`)) {
      const [size] = call.args
      if (size === undefined || isTestFile(view, call.file) || view.kind(call.file, size) !== 'int_literal') continue
      const spans = Number(view.text(call.file, size).replaceAll('_', ''))
      if (!(spans < DEFAULT_QUEUE) || view.callsOf(`${sdk}.WithBlocking`).length > 0) continue
      report(call.file, call.node, {
        message: `${spans} spans wait at most: more than that within a batch delay are dropped`,
        confidence: 'possible',
      })
    }
  },
}

export const traceIdTruncated: AuditRule = {
  id: 'trace-id-truncated',
  classNumber: 6,
  title: 'A 128-bit trace id is cut to 64 bits',
  severity: 'medium',
  saysWhen:
    'a trace id (or its text) is sliced; or a Zipkin or Jaeger tracer of 64-bit ids is made without the option for 128; or the OpenTracing propagator, which sends 64 bits, is set without one that sends 128.',
  fix: 'Use 128-bit ids in every tracer and propagator on the way.',
  check({ view, report }) {
    for (const call of view.callsOf('go.opentelemetry.io/otel.SetTextMapPropagator')) {
      const [set] = call.args
      if (set === undefined || isTestFile(view, call.file)) continue
      const among = callsIn(view, call.file, set).find((one) => one.node === set)?.args ?? [set]
      const types = among.map((one) => view.typeAt(call.file, one).replace(/^\*/, ''))
      if (
        !types.includes(openTracing) ||
        !types.every((type) => type === openTracing || type === `${propagation}.Baggage`)
      )
        continue
      report(call.file, set, {
        message:
          'The OpenTracing propagator sends the low 64 bits of the trace id: the callee goes on under another one',
        confidence: 'probable',
        advice: 'Put propagation.TraceContext into the composite propagator, on both sides.',
      })
    }
    for (const call of view.calls) {
      if (isTestFile(view, call.file)) continue
      const { syntax } = view.file(call.file)
      if (
        /^go\.opentelemetry\.io\/otel\/trace\.(SpanContext\.TraceID|TraceID\.String)$/.test(call.name) ||
        view.typeAt(call.file, call.node) === 'go.opentelemetry.io/otel/trace.TraceID'
      ) {
        const parent = syntax.parents[call.node] as number
        if (
          kindOf(syntax, parent) === 'slice_expression' &&
          childAt(syntax, parent, 'operand') === call.node &&
          textOf(syntax, parent) !== `${textOf(syntax, call.node)}[:]`
        ) {
          report(call.file, parent, {
            message: 'The trace id is cut: it can not be found by what is left',
            confidence: 'probable',
          })
        }
      }
      if (
        call.name === 'github.com/openzipkin/zipkin-go.NewTracer' &&
        !/WithTraceID128Bit|WithSharedSpans\(.*128/.test(textOf(syntax, call.node))
      ) {
        report(call.file, call.node, {
          message: 'Zipkin’s tracer makes 64-bit trace ids by default',
          advice: 'zipkin.WithTraceID128Bit(true).',
        })
      }
      if (call.name === 'github.com/uber/jaeger-client-go.NewTracer' && !/Gen128Bit/.test(textOf(syntax, call.node))) {
        report(call.file, call.node, {
          message: 'Jaeger’s old client makes 64-bit trace ids by default',
          advice: 'jaeger.TracerOptions.Gen128Bit(true), or the OpenTelemetry SDK.',
        })
      }
    }
  },
}

const exporting =
  /^go\.opentelemetry\.io\/otel\/(sdk\/trace\.\w+\.(Shutdown|ForceFlush|ExportSpans)|sdk\/(metric|log)\.\w+\.(Shutdown|ForceFlush))$/

export const exportContextCancelled: AuditRule = {
  id: 'export-context-cancelled',
  classNumber: 15,
  title: 'Export is cancelled with the request',
  severity: 'medium',
  saysWhen:
    'Shutdown, ForceFlush or an export is given a request’s context, or one that a signal or cancel has ended by then.',
  fix: 'Give export and flush a context of their own, with a timeout.',
  check({ view, report }) {
    for (const call of view.calls) {
      const [context] = call.args
      if (!exporting.test(call.name) || context === undefined || isTestFile(view, call.file)) continue
      const why = whyCancelled(view, call.file, context, call.fn)
      if (why === undefined) continue
      report(call.file, context, { message: `${call.lastName} is given ${why}`, confidence: 'probable' })
    }
  },
}

function whyCancelled(view: PackageView, file: number, node: number, fn: number): string | undefined {
  const { syntax } = view.file(file)
  if (callsIn(view, file, node).some(({ name }) => name === 'net/http.Request.Context'))
    return 'the request’s context, which ends with the request'
  if (kindOf(syntax, node) !== 'identifier' || !isContextType(view.typeAt(file, node))) return undefined
  const symbol = view.symbolAt(file, node)
  if (symbol?.node === undefined || symbol.file !== file) return undefined
  if (symbol.kind === 'parameter') {
    const owner = view.functions[view.functionOf(file, symbol.node)]
    return owner !== undefined && isHandler(owner) ? 'the request’s context, which ends with the request' : undefined
  }
  const statement = syntax.parents[syntax.parents[symbol.node] as number] as number
  const right = childAt(syntax, statement, 'right')
  const [made] = right === undefined ? [] : [...childrenOf(syntax, right)]
  const call = made === undefined ? undefined : view.callAt(file, made)
  if (call === undefined) return undefined
  if (call.name === 'net/http.Request.Context') return 'the request’s context, which ends with the request'
  if (call.name === 'os/signal.NotifyContext') return 'a context that the signal has already cancelled'
  if (call.name !== 'context.WithCancel') return undefined
  // Waited for, then used: it is over.
  const isAwaited = view.calls.some(
    (one) =>
      one.name === 'context.Context.Done' &&
      one.fn === fn &&
      one.node < node &&
      rootText(view, file, one.node) === textOf(syntax, node),
  )
  return isAwaited ? 'a context that has been waited for and is over' : undefined
}

function rootText(view: PackageView, file: number, node: number): string {
  const { syntax } = view.file(file)
  const called = childAt(syntax, node, 'function')
  const operand = called === undefined ? undefined : childAt(syntax, called, 'operand')
  return operand === undefined ? (stringOf(view, file, node) ?? '') : textOf(syntax, operand)
}
