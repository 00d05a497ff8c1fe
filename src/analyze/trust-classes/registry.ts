/** The classes that look at spans and logs: one row each, in the order in which their own shapes are looked for. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { baggageOnly } from '../trust-edges/baggage-only.ts'
import { consumerWithoutExtract } from '../trust-edges/consumer-without-extract.ts'
import { noExtract } from '../trust-edges/no-extract.ts'
import { noPropagator } from '../trust-edges/no-propagator.ts'
import { producerWithoutInject } from '../trust-edges/producer-without-inject.ts'
import { propagatorMismatch } from '../trust-edges/propagator-mismatch.ts'
import { proxyStripsHeader } from '../trust-edges/proxy-strips-header.ts'
import { uninstrumentedClient } from '../trust-edges/uninstrumented-client.ts'
import { homemadeTraceId } from '../trust-logs/homemade-trace-id.ts'
import { logWithoutContext } from '../trust-logs/log-without-context.ts'
import { exportContextCancelled } from '../trust-orphans/export-context-cancelled.ts'
import { externalCaller } from '../trust-orphans/external-caller.ts'
import { noFlush } from '../trust-orphans/no-flush.ts'
import { queueOverflow } from '../trust-orphans/queue-overflow.ts'
import { samplingDisagreement } from '../trust-orphans/sampling-disagreement.ts'
import { spanNeverEnded } from '../trust-orphans/span-never-ended.ts'
import { tailSamplingSplit } from '../trust-orphans/tail-sampling-split.ts'
import { autoInstrumentationGap } from '../trust-roots/auto-instrumentation-gap.ts'
import { backgroundContext } from '../trust-roots/background-context.ts'
import { forcedNewRoot } from '../trust-roots/forced-new-root.ts'
import { frameworkContext } from '../trust-roots/framework-context.ts'
import { goroutineWithoutContext } from '../trust-roots/goroutine-without-context.ts'
import { handoffWithoutContext } from '../trust-roots/handoff-without-context.ts'
import { requestWithoutContext } from '../trust-roots/request-without-context.ts'
import { borrowedSpanEnded } from '../trust-shapes/borrowed-span-ended.ts'
import { clockSkew } from '../trust-shapes/clock-skew.ts'
import { contextOverwritten } from '../trust-shapes/context-overwritten.ts'
import { detachedContextCancelled } from '../trust-shapes/detached-context-cancelled.ts'
import { duplicateSpanId } from '../trust-shapes/duplicate-span-id.ts'
import { headerOverwritten } from '../trust-shapes/header-overwritten.ts'
import { outerContextCaptured } from '../trust-shapes/outer-context-captured.ts'
import { sharedWork } from '../trust-shapes/shared-work.ts'
import { spanContextDropped } from '../trust-shapes/span-context-dropped.ts'
import { staleContext } from '../trust-shapes/stale-context.ts'
import { traceIdTruncated } from '../trust-shapes/trace-id-truncated.ts'

export const breakClassRules: readonly BreakClassRule[] = [
  traceIdTruncated,
  duplicateSpanId,
  forcedNewRoot,
  headerOverwritten,
  detachedContextCancelled,
  contextOverwritten,
  staleContext,
  borrowedSpanEnded,
  spanContextDropped,
  outerContextCaptured,
  sharedWork,
  clockSkew,
  homemadeTraceId,
  logWithoutContext,
  noExtract,
  noPropagator,
  propagatorMismatch,
  proxyStripsHeader,
  baggageOnly,
  uninstrumentedClient,
  consumerWithoutExtract,
  producerWithoutInject,
  goroutineWithoutContext,
  backgroundContext,
  requestWithoutContext,
  frameworkContext,
  handoffWithoutContext,
  autoInstrumentationGap,
  spanNeverEnded,
  noFlush,
  queueOverflow,
  exportContextCancelled,
  samplingDisagreement,
  tailSamplingSplit,
  externalCaller,
]
