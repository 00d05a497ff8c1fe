/**
 * What a worker thread runs: the composition root of the other threads, as main.ts is of the first. Mounts the jobs by
 * name; each is a function of the room that knows the work. A trace is waited for while this loads: what other jobs need
 * is loaded with the first of them.
 */
import { serveJobs } from './collect/workers/serve-jobs.ts'
import type { AuditHandlers, AuditJobs } from './ops/audit/audit-thread.ts'
import { orderTrace } from './ops/trace-thread/order-trace.ts'
import type { TraceJobs } from './ops/trace-thread/read-aside.ts'

let audit: Promise<AuditHandlers> | undefined
function loadAudit(): Promise<AuditHandlers> {
  audit ??= import('./ops/audit/audit-thread.ts').then(({ openAuditThread }) => openAuditThread())
  return audit
}

serveJobs<TraceJobs & AuditJobs>({
  'order-trace': orderTrace,
  'audit-read': async (input, tools) => (await loadAudit())['audit-read'](input, tools),
  'audit-declare': async (input, tools) => (await loadAudit())['audit-declare'](input, tools),
  'audit-resolve': async (input, tools) => (await loadAudit())['audit-resolve'](input, tools),
  'audit-judge': async (input, tools) => (await loadAudit())['audit-judge'](input, tools),
})
