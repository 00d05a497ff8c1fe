/**
 * What a worker thread runs: the composition root of the other threads, as main.ts is of the first. Mounts the jobs by
 * name; each is a function of the room that knows the work.
 */
import { serveJobs } from './collect/workers/serve-jobs.ts'
import { type AuditJobs, openAuditThread } from './ops/audit/audit-thread.ts'
import { orderTrace } from './ops/trace-thread/order-trace.ts'
import type { TraceJobs } from './ops/trace-thread/read-aside.ts'

serveJobs<TraceJobs & AuditJobs>({ 'order-trace': orderTrace, ...openAuditThread() })
