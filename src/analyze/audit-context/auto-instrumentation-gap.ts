/**
 * Class 35: with automatic (eBPF) instrumentation the way from server to client is followed through the context alone. In
 * a project that uses it (go.opentelemetry.io/auto), a client call on a request's path with an empty context is a root.
 */
import { isFreshContext } from '../audit/context-scope.ts'
import { isTestFile } from '../audit/intent.ts'
import { findRequestPath } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

const clients =
  /^(net\/http\.(Get|Post|Head|PostForm|NewRequest|Client\.(Get|Post|Head|PostForm))|net\/http\.NewRequestWithContext|database\/sql\.(DB|Tx|Stmt)\.(Query|Exec|QueryRow)(Context)?)$/

export const autoInstrumentationGap: AuditRule = {
  id: 'auto-instrumentation-gap',
  classNumber: 35,
  title: 'Automatic instrumentation loses the way',
  severity: 'medium',
  saysWhen:
    'the project imports go.opentelemetry.io/auto, and a client call that a handler reaches takes no context, or an empty one.',
  fix: 'Derive contexts from the request’s.',
  check({ view, project, report }) {
    if (!project.imports(project.packages, /^go\.opentelemetry\.io\/auto(\/|$)/)) return
    const path = findRequestPath(view)
    for (const call of view.calls) {
      if (!clients.test(call.name) || !path.has(call.fn) || isTestFile(view, call.file)) continue
      const [first] = call.args
      const takes = /Context$/.test(call.lastName)
      if (takes && (first === undefined || !isFreshContext(view, call.file, first))) continue
      report(call.file, call.node, {
        message: `${call.lastName} is reached from a handler and has ${takes ? 'an empty' : 'no'} context: automatic instrumentation can not join them`,
        confidence: 'probable',
      })
    }
  },
}
