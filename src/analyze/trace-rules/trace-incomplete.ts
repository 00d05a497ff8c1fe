/** A trace of which part is missing: every other answer rests on less, and says so by a lower confidence. */
import { quoteTrace } from './trace-quote.ts'
import type { TraceRule } from './trace-rule.ts'

export const traceIncomplete: TraceRule = {
  id: 'trace-incomplete',
  title: 'The execution trace is not whole',
  severity: 'medium',
  needs: 'an execution trace',
  saysWhen: 'bytes of the trace are cut or damaged, or an order of its events could not be found',
  fix: 'Take it again: end it before the process ends, and for a shorter time where a limit of the capture cut it.',
  doc: 'docs/rules.md#trace-incomplete',
  sameAs: [],
  isAboutDoubt: true,
  find: (input) => {
    if (input.meta.complete) return []
    const { events, generations, sizeBytes } = input.meta
    return [
      {
        title: 'Part of the execution trace is missing: all findings from it are one step less sure',
        severity: 'medium',
        confidence: 'certain',
        evidence: [
          quoteTrace(input, [
            `${events} events in ${generations} generations were read, of ${sizeBytes} bytes; what is missing stands among the issues`,
          ]),
        ],
        blindTo: ['trace'],
        symbols: ['trace'],
      },
    ]
  },
}
