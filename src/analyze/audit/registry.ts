/**
 * Every audit rule, in the order of docs/audit.md: classes by number, then the faults that have none. A new rule is a
 * file in a family's folder (audit-context, audit-spans, audit-setup, audit-faults) and a line here.
 */
import { backgroundContext } from '../audit-context/background-context.ts'
import { goroutineWithoutContext } from '../audit-context/goroutine-without-context.ts'
import { requestWithoutContext } from '../audit-context/request-without-context.ts'
import { spanNeverEnded } from '../audit-spans/span-never-ended.ts'
import type { AuditRule } from './rule.ts'

export const auditRules: readonly AuditRule[] = [
  goroutineWithoutContext,
  backgroundContext,
  requestWithoutContext,
  spanNeverEnded,
]
