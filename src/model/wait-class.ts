/**
 * Why a goroutine does not run, in two vocabularies that are never merged: the wait reasons and statuses of goroutine
 * dumps (runtime/runtime2.go, runtime/traceback.go) and the block and stop reasons of execution traces
 * (runtime/traceruntime.go), Go 1.14 to 1.27. Both map by table to `WaitClass`; a word that no table has is kept by the
 * caller, classed `unknown`, and reported. A word that stands for several things is refined by the goroutine's stack.
 * Rows of Go 1.19 and 1.21 to 1.27 were read in those releases' sources; "tree" rows from the history of the file.
 */

export const waitClasses = [
  'chan',
  'select',
  'sync',
  'cond',
  'network',
  'pipe',
  'timer',
  'syscall',
  'gc',
  'scheduler',
  'runtime',
  'forever',
  'coroutine',
  'system',
  'unknown',
] as const
export type WaitClass = (typeof waitClasses)[number]

/** `suspended`: the runtime itself holds the goroutine for a moment. `gone`: no goroutine of the program. */
export type GoroutineState = 'running' | 'runnable' | 'waiting' | 'syscall' | 'suspended' | 'gone'

export type WaitReasonRow = {
  /** As the dump prints it, without the marks ` (leaked)` and ` (scan)`. */
  readonly reason: string
  readonly state: GoroutineState
  /** Absent where the goroutine does not wait: running, dead. */
  readonly waitClass?: WaitClass
  /** First and last Go release that can print it; absent: before 1.14, or still. */
  readonly sinceGo?: string
  readonly untilGo?: string
  readonly source: string
}

const reasons = 'runtime/runtime2.go waitReasonStrings'
const statuses = 'runtime/traceback.go gStatusStrings'
const waits = (
  reason: string,
  waitClass: WaitClass,
  span: { sinceGo?: string; untilGo?: string } = {},
  source = reasons,
): WaitReasonRow => ({ reason, state: 'waiting', waitClass, ...span, source })

/** Every wait reason a dump of Go 1.14 to 1.27 can print. */
export const waitReasons: readonly WaitReasonRow[] = [
  waits('chan receive', 'chan'),
  waits('chan send', 'chan'),
  waits('chan receive (nil chan)', 'forever'),
  waits('chan send (nil chan)', 'forever'),
  waits('select', 'select'),
  waits('select (no cases)', 'forever'),
  waits('chan receive (durable)', 'chan', { sinceGo: '1.25' }),
  waits('chan send (durable)', 'chan', { sinceGo: '1.25' }),
  waits('select (durable)', 'select', { sinceGo: '1.25' }),
  waits('chan receive (synctest)', 'chan', { sinceGo: '1.24', untilGo: '1.24' }),
  waits('chan send (synctest)', 'chan', { sinceGo: '1.24', untilGo: '1.24' }),
  waits('select (synctest)', 'select', { sinceGo: '1.24', untilGo: '1.24' }),
  // Any semaphore of the runtime. Until 1.19 also sync.Mutex and RWMutex, until 1.23 also sync.WaitGroup.
  waits('semacquire', 'sync'),
  waits('sync.Mutex.Lock', 'sync', { sinceGo: '1.20' }),
  waits('sync.RWMutex.RLock', 'sync', { sinceGo: '1.20' }),
  waits('sync.RWMutex.Lock', 'sync', { sinceGo: '1.20' }),
  waits('sync.WaitGroup.Wait', 'sync', { sinceGo: '1.24' }),
  waits('sync.WaitGroup.Wait (durable)', 'sync', { sinceGo: '1.25' }),
  waits('sync.Cond.Wait', 'cond'),
  waits('IO wait', 'network'),
  waits('sleep', 'timer'),
  waits('coroutine', 'coroutine', { sinceGo: '1.22' }),
  waits('synctest.Run', 'sync', { sinceGo: '1.24' }),
  waits('synctest.Wait', 'sync', { sinceGo: '1.24' }),
  waits('GC assist wait', 'gc'),
  waits('GC assist marking', 'gc'),
  waits('wait for GC cycle', 'gc'),
  waits('garbage collection', 'gc'),
  waits('garbage collection scan', 'gc'),
  waits('GC mark termination', 'gc', { sinceGo: '1.21' }),
  waits('GC weak to strong wait', 'gc', { sinceGo: '1.23' }),
  waits('flushing proc caches', 'runtime', { sinceGo: '1.22' }),
  waits('stopping the world', 'runtime', { sinceGo: '1.21' }),
  waits('trace goroutine status', 'runtime', { sinceGo: '1.22' }),
  waits('trace proc status', 'runtime', { sinceGo: '1.22' }),
  waits('page trace flush', 'runtime', { sinceGo: '1.22' }),
  waits('dumping heap', 'runtime'),
  waits('debug call', 'runtime', { sinceGo: '1.16' }, `${reasons}, tree`),
  waits('panicwait', 'forever'),
  { reason: 'preempted', state: 'suspended', waitClass: 'scheduler', sinceGo: '1.14', source: reasons },
  waits('GC sweep wait', 'system'),
  waits('GC scavenge wait', 'system'),
  waits('finalizer wait', 'system'),
  waits('cleanup wait', 'system', { sinceGo: '1.25' }),
  waits('force gc (idle)', 'system'),
  waits('GC worker (idle)', 'system'),
  waits('GC worker (active)', 'system', { sinceGo: '1.20' }, `${reasons}, tree`),
  waits('GOMAXPROCS updater (idle)', 'system', { sinceGo: '1.25' }),
  waits('trace reader (blocked)', 'system'),
  waits('timer goroutine (idle)', 'system', { untilGo: '1.19' }),
  waits('unknown wait reason', 'unknown', {}, 'runtime/runtime2.go waitReason.String'),
]

/** What a dump prints where the goroutine has no wait reason. */
export const goroutineStatuses: readonly WaitReasonRow[] = [
  { reason: 'running', state: 'running', source: statuses },
  { reason: 'runnable', state: 'runnable', waitClass: 'scheduler', source: statuses },
  { reason: 'syscall', state: 'syscall', waitClass: 'syscall', source: statuses },
  // Its reason is empty or not yet written.
  { reason: 'waiting', state: 'waiting', waitClass: 'unknown', source: statuses },
  { reason: 'leaked', state: 'waiting', waitClass: 'unknown', sinceGo: '1.26', source: statuses },
  // Its stack is being moved to a larger one: counts as running.
  { reason: 'copystack', state: 'running', source: statuses },
  { reason: 'idle', state: 'gone', source: statuses },
  { reason: 'dead', state: 'gone', source: statuses },
  { reason: 'waiting for cgo callback', state: 'gone', waitClass: 'system', sinceGo: '1.26', source: statuses },
  { reason: '???', state: 'waiting', waitClass: 'unknown', source: 'runtime/traceback.go goroutineheader' },
]

export type BlockReasonRow = {
  /** As the trace's string table has it. */
  readonly reason: string
  readonly waitClass: WaitClass
  readonly sinceGo?: string
  readonly source: string
}

const blocks = 'runtime/traceruntime.go traceBlockReasonStrings'

/** Reasons of GoBlock events. Traces before Go 1.22 carry an event type per reason instead, with the same meaning. */
export const blockReasons: readonly BlockReasonRow[] = [
  { reason: 'chan send', waitClass: 'chan', source: blocks },
  { reason: 'chan receive', waitClass: 'chan', source: blocks },
  { reason: 'select', waitClass: 'select', source: blocks },
  { reason: 'sync', waitClass: 'sync', source: blocks },
  { reason: 'sync.(*Cond).Wait', waitClass: 'cond', source: blocks },
  { reason: 'network', waitClass: 'network', source: blocks },
  { reason: 'sleep', waitClass: 'timer', source: blocks },
  { reason: 'forever', waitClass: 'forever', source: blocks },
  { reason: 'GC mark assist wait for work', waitClass: 'gc', source: blocks },
  { reason: 'wait until GC ends', waitClass: 'gc', source: blocks },
  { reason: 'GC weak to strong wait', waitClass: 'gc', sinceGo: '1.23', source: blocks },
  { reason: 'synctest', waitClass: 'sync', sinceGo: '1.24', source: blocks },
  { reason: 'preempted', waitClass: 'scheduler', source: blocks },
  { reason: 'wait for debug call', waitClass: 'runtime', source: blocks },
  { reason: 'GC background sweeper wait', waitClass: 'system', source: blocks },
  { reason: 'system goroutine wait', waitClass: 'system', source: blocks },
  { reason: 'unspecified', waitClass: 'unknown', source: blocks },
  // GoSwitch blocks its own goroutine without a reason; so does every wait that began before the trace.
  { reason: '', waitClass: 'unknown', source: 'internal/trace/order.go GoSwitch, GoStatus' },
]

/** Reasons of GoStop events: the goroutine stays runnable. */
export const stopReasons: readonly string[] = ['preempted', 'runtime.Gosched', 'unspecified']

export type StackRule = {
  /** Words (of either vocabulary) that the rule refines. */
  readonly reasons: readonly string[]
  /** Frames stepped over from the leaf: the runtime's own way into the wait. */
  readonly skip: RegExp
  /** What one of the frames stepped over must be. */
  readonly through?: RegExp
  /** What the first frame left must be. */
  readonly match: RegExp
  readonly waitClass: WaitClass
  readonly source: string
}

const parking = /^runtime\.(gopark|goparkunlock|park_m|mcall|semacquire1?|chanrecv[12]?|chansend1?|selectgo|timeSleep)$/
const polling = /^(runtime\.(gopark|goparkunlock|netpollblock)$|internal\/poll\.)/
const pollWait = /^internal\/poll\.runtime_pollWait$/
const fileOnPoller = /^os\.(\(\*File\)|\(\*rawConn\)|\(?\*?fileWithout|\(\*file\)|genericReadFrom|genericWriteTo)/
/** A trace gives no reason for a wait that began before it, and none for a coroutine switch. */
const wordless = ['', 'unspecified'] as const

/**
 * Rules in order, the first that holds wins. A dump below level `system` hides the runtime's unexported frames, so a
 * runtime semaphore shows as `semacquire` directly under a frame that is no primitive of sync or internal/poll.
 */
export const stackRules: readonly StackRule[] = [
  {
    reasons: ['semacquire', 'sync'],
    skip: parking,
    match: /^(sync\.|internal\/sync\.|internal\/poll\.(runtime_Semacquire|\(\*fdMutex\)|\(\*FD\)))/,
    waitClass: 'sync',
    source: 'runtime/sema.go sync_runtime_Semacquire*, poll_runtime_Semacquire',
  },
  {
    reasons: ['semacquire', 'sync'],
    skip: parking,
    match: /./,
    waitClass: 'runtime',
    source: 'runtime/sema.go semacquire: gcStart, stopTheWorld, metricsLock, trace.go, goroutine profile (mprof.go)',
  },
  {
    reasons: ['IO wait', 'network'],
    skip: polling,
    match: fileOnPoller,
    waitClass: 'pipe',
    source: 'os/file_unix.go newFile: an os.File on the poller is a pipe, FIFO, terminal, inotify or the like',
  },
  {
    reasons: ['chan receive'],
    skip: parking,
    match: /^runtime\.(gcBgMarkStartWorkers|gcStart|gcenable|main)$/,
    waitClass: 'runtime',
    source: 'runtime/mgc.go gcBgMarkStartWorkers, gcenable',
  },
  {
    reasons: ['sleep'],
    skip: parking,
    match: /^runtime\.\(\*scavengerState\)\.sleep$/,
    waitClass: 'system',
    source: 'runtime/mgcscavenge.go',
  },
  {
    reasons: [...wordless, 'waiting'],
    skip: parking,
    match: /^(runtime\.(coroswitch|corostart|coroswitch_m)$|iter\.Pull)/,
    waitClass: 'coroutine',
    source: 'runtime/coro.go coroswitch_m, iter/iter.go',
  },
  {
    reasons: wordless,
    skip: parking,
    match: /^runtime\.(GC|gcWaitOnMark)$/,
    waitClass: 'gc',
    source: 'runtime/mgc.go gcWaitOnMark, which traces before Go 1.22 gave no reason',
  },
  {
    reasons: wordless,
    skip: polling,
    through: pollWait,
    match: fileOnPoller,
    waitClass: 'pipe',
    source: 'os/file_unix.go newFile',
  },
  {
    reasons: wordless,
    skip: polling,
    through: pollWait,
    match: /./,
    waitClass: 'network',
    source: 'runtime/netpoll.go',
  },
  wordlessLeaf(/^runtime\.(chanrecv[12]|chansend1)$/, 'chan', 'runtime/chan.go'),
  wordlessLeaf(/^(runtime\.selectgo|reflect\.rselect)$/, 'select', 'runtime/select.go'),
  wordlessLeaf(/^runtime\.block$/, 'forever', 'runtime/select.go block'),
  wordlessLeaf(/^time\.Sleep$/, 'timer', 'runtime/time.go timeSleep'),
  wordlessLeaf(/^sync\.(\(\*Cond\)\.Wait|runtime_notifyListWait)$/, 'cond', 'runtime/sema.go notifyListWait'),
  wordlessLeaf(/^internal\/synctest\.(Run|Wait)$/, 'sync', 'runtime/synctest.go'),
  wordlessLeaf(
    /^runtime\.(forcegchelper|bgsweep|bgscavenge|runfinq|runFinalizers|gcBgMarkWorker|runCleanups|updateMaxProcsGoroutine|\(\*(cleanupQueue|scavengerState)\)\.\w+)$/,
    'system',
    'runtime/traceback.go isSystemGoroutine',
  ),
  wordlessLeaf(/^(runtime\/trace\.|runtime\.ReadTrace$)/, 'system', 'runtime/trace.go ReadTrace, before Go 1.22'),
  wordlessLeaf(/^(sync\.|internal\/sync\.|internal\/poll\.runtime_Semacquire$)/, 'sync', 'runtime/sema.go'),
]

function wordlessLeaf(match: RegExp, waitClass: WaitClass, source: string): StackRule {
  const skip = /^runtime\.(gopark|goparkunlock|semacquire1?|chanrecv|chansend)$/
  return { reasons: wordless, skip, match, waitClass, source }
}

export type ReasonClass = {
  readonly state: GoroutineState
  /** Absent where the goroutine does not wait. */
  readonly waitClass?: WaitClass
  /** False for a word that no table has: keep it, report it. */
  readonly isKnown: boolean
  /** The word stands for several things and no stack was there to tell them apart: the class is its commonest. */
  readonly isAmbiguous: boolean
  /** The word without the marks ` (leaked)`, ` (scan)` and a ` (durable)` that is not part of the reason's own name. */
  readonly reason: string
}

const dumpRows: ReadonlyMap<string, WaitReasonRow> = new Map(
  [...waitReasons, ...goroutineStatuses].map((row) => [row.reason, row]),
)
const blockRows: ReadonlyMap<string, BlockReasonRow> = new Map(blockReasons.map((row) => [row.reason, row]))

/**
 * Classes the status word of a dump. `frames`: function names as printed, leaf first; the more, the surer.
 * Tolerates the runtime's marks after the word; never throws, whatever the text.
 */
export function classifyWaitReason(reason: string, frames?: readonly string[]): ReasonClass {
  let word = reason
  let row = dumpRows.get(word)
  while (row === undefined && /\s\((leaked|scan|durable)\)$/.test(word)) {
    word = word.slice(0, word.lastIndexOf(' ('))
    row = dumpRows.get(word)
  }
  if (row === undefined) {
    return { state: 'waiting', waitClass: 'unknown', isKnown: false, isAmbiguous: false, reason: word }
  }
  const refined = refineByStack(row.reason, frames)
  const waitClass = refined ?? row.waitClass
  return {
    state: row.state,
    ...(waitClass === undefined ? {} : { waitClass }),
    isKnown: true,
    isAmbiguous: refined === undefined && row.reason === 'semacquire',
    reason: row.reason,
  }
}

/**
 * Classes the block reason of a trace; `''` (no reason) is known, and refined by the stack where one is there.
 * `frames`: function names, leaf first.
 */
export function classifyBlockReason(reason: string, frames?: readonly string[]): ReasonClass {
  const row = blockRows.get(reason)
  if (row === undefined) {
    return { state: 'waiting', waitClass: 'unknown', isKnown: false, isAmbiguous: false, reason }
  }
  const refined = refineByStack(reason, frames)
  return {
    state: 'waiting',
    waitClass: refined ?? row.waitClass,
    isKnown: true,
    isAmbiguous: refined === undefined && (reason === 'sync' || reason === 'network'),
    reason,
  }
}

function refineByStack(reason: string, frames: readonly string[] | undefined): WaitClass | undefined {
  if (frames === undefined) return undefined
  for (const rule of stackRules) {
    if (!rule.reasons.includes(reason)) continue
    const at = frames.findIndex((frame) => !rule.skip.test(frame))
    const { through } = rule
    if (at === -1 || (through !== undefined && !frames.slice(0, at).some((frame) => through.test(frame)))) continue
    if (rule.match.test(frames[at] as string)) return rule.waitClass
  }
  return undefined
}
