/**
 * Every audit rule, in the order of docs/audit.md: classes by number, then the faults that have none. A new rule is a
 * file in a family's folder (audit-context, audit-spans, audit-setup, audit-faults) and a line here.
 */
import { autoInstrumentationGap } from '../audit-context/auto-instrumentation-gap.ts'
import { backgroundContext } from '../audit-context/background-context.ts'
import { contextOverwritten } from '../audit-context/context-overwritten.ts'
import { detachedContextCancelled } from '../audit-context/detached-context-cancelled.ts'
import { frameworkContext } from '../audit-context/framework-context.ts'
import { goroutineWithoutContext } from '../audit-context/goroutine-without-context.ts'
import { handoffWithoutContext } from '../audit-context/handoff-without-context.ts'
import { homemadeTraceId } from '../audit-context/homemade-trace-id.ts'
import { logWithoutContext } from '../audit-context/log-without-context.ts'
import { lostCancel } from '../audit-context/lost-cancel.ts'
import { outerContextCaptured } from '../audit-context/outer-context-captured.ts'
import { requestWithoutContext } from '../audit-context/request-without-context.ts'
import { sharedWork } from '../audit-context/shared-work.ts'
import { staleContext } from '../audit-context/stale-context.ts'
import { errorsWrappedUnevenly, panicOnIoError } from '../audit-faults/errors.ts'
import { addressJoined, fileUnclosed } from '../audit-faults/files-and-hosts.ts'
import {
  channelConsumer,
  deferInLoop,
  errgroupNotWaited,
  errgroupUnbounded,
  loopVariableCaptured,
  waitGroupBesideErrgroup,
} from '../audit-faults/groups-and-loops.ts'
import {
  clientWithoutTimeout,
  queryInPath,
  responseBodyUnclosed,
  responseErrorDropped,
} from '../audit-faults/http-clients.ts'
import {
  memStatsOnHotPath,
  pprofLookupUnknown,
  traceStartInHandler,
  traceStartUnchecked,
} from '../audit-faults/tracing-tools.ts'
import { headerOverwritten } from '../audit-setup/header-overwritten.ts'
import { consumerWithoutExtract, producerWithoutInject } from '../audit-setup/messaging.ts'
import { noExtract } from '../audit-setup/no-extract.ts'
import { noFlush, noPropagator, propagatorMismatch } from '../audit-setup/project-rules.ts'
import {
  baggageOnly,
  exportContextCancelled,
  queueOverflow,
  samplingDisagreement,
  traceIdTruncated,
} from '../audit-setup/propagation-options.ts'
import { uninstrumentedClient } from '../audit-setup/uninstrumented-client.ts'
import { borrowedSpanEnded } from '../audit-spans/borrowed-span-ended.ts'
import { forcedNewRoot } from '../audit-spans/forced-new-root.ts'
import { spanContextDropped } from '../audit-spans/span-context-dropped.ts'
import { spanNeverEnded } from '../audit-spans/span-never-ended.ts'
import type { AuditRule } from './rule.ts'

export const auditRules: readonly AuditRule[] = [
  goroutineWithoutContext,
  backgroundContext,
  noExtract,
  noPropagator,
  propagatorMismatch,
  traceIdTruncated,
  uninstrumentedClient,
  requestWithoutContext,
  frameworkContext,
  spanContextDropped,
  borrowedSpanEnded,
  spanNeverEnded,
  noFlush,
  queueOverflow,
  exportContextCancelled,
  consumerWithoutExtract,
  producerWithoutInject,
  handoffWithoutContext,
  staleContext,
  contextOverwritten,
  sharedWork,
  outerContextCaptured,
  homemadeTraceId,
  logWithoutContext,
  headerOverwritten,
  samplingDisagreement,
  forcedNewRoot,
  baggageOnly,
  detachedContextCancelled,
  autoInstrumentationGap,
  lostCancel,
  traceStartInHandler,
  traceStartUnchecked,
  pprofLookupUnknown,
  memStatsOnHotPath,
  errgroupNotWaited,
  errgroupUnbounded,
  waitGroupBesideErrgroup,
  deferInLoop,
  loopVariableCaptured,
  channelConsumer,
  errorsWrappedUnevenly,
  panicOnIoError,
  responseErrorDropped,
  responseBodyUnclosed,
  queryInPath,
  clientWithoutTimeout,
  fileUnclosed,
  addressJoined,
]
