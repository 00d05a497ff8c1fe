/** Class 29: trace.WithNewRoot. Intended, and told as information: with a link it is the recommended form. */
import { isTestFile } from '../audit/intent.ts'
import type { AuditRule } from '../audit/rule.ts'

export const forcedNewRoot: AuditRule = {
  id: 'forced-new-root',
  classNumber: 29,
  title: 'A new root on purpose',
  severity: 'info',
  saysWhen: 'a span is started with trace.WithNewRoot; low where nothing links it to where it came from.',
  fix: 'Add trace.WithLinks(trace.LinkFromContext(ctx)), so that the way back is kept.',
  check({ view, report }) {
    for (const call of view.callsOf('go.opentelemetry.io/otel/trace.WithNewRoot')) {
      if (isTestFile(view, call.file)) continue
      const hasLink = view.calls.some(
        (one) => one.fn === call.fn && /trace\.(WithLinks|LinkFromContext|Span\.AddLink)$/.test(one.name),
      )
      report(call.file, call.node, {
        message: hasLink
          ? 'A new root with a link: intended'
          : 'A new root without a link: nothing leads back to where it came from',
        confidence: 'probable',
        severity: hasLink ? 'info' : 'low',
      })
    }
  },
}
