/** The classes that look at spans and logs: one row each, in the order in which their own shapes are looked for. */

import type { BreakClassRule } from '../trust/break-group.ts'
import { exportContextCancelled } from '../trust-orphans/export-context-cancelled.ts'
import { externalCaller } from '../trust-orphans/external-caller.ts'
import { noFlush } from '../trust-orphans/no-flush.ts'
import { proxyRewritesHeader } from '../trust-orphans/proxy-strips-header.ts'
import { queueOverflow } from '../trust-orphans/queue-overflow.ts'
import { samplingDisagreement } from '../trust-orphans/sampling-disagreement.ts'
import { spanNeverEnded } from '../trust-orphans/span-never-ended.ts'
import { tailSamplingSplit } from '../trust-orphans/tail-sampling-split.ts'
import { autoInstrumentationGap } from '../trust-roots/auto-instrumentation-gap.ts'
import { backgroundContext } from '../trust-roots/background-context.ts'
import { frameworkContext } from '../trust-roots/framework-context.ts'
import { goroutineWithoutContext } from '../trust-roots/goroutine-without-context.ts'
import { handoffWithoutContext } from '../trust-roots/handoff-without-context.ts'
import { requestWithoutContext } from '../trust-roots/request-without-context.ts'

export const breakClassRules: readonly BreakClassRule[] = [
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
  proxyRewritesHeader,
  samplingDisagreement,
  tailSamplingSplit,
  externalCaller,
]
