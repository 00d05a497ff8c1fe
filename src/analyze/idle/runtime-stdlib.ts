/**
 * The runtime's own goroutines (visible at traceback level `system`, or in SIGQUIT text), listeners, signals,
 * contexts, child processes, profilers: std packages other than net/http and database/sql.
 * A goroutine that waits for a subtest, a child's exit or a DNS answer waits for work under way: not here.
 */
import { type NamedRow, nameRows } from './pattern.ts'

const versions = 'go1.26, go1.27'

const rows: readonly NamedRow[] = [
  {
    id: 'runtime-force-gc',
    summary: 'runtime: forced-GC helper',
    reasons: ['force gc (idle)'],
    frames: ['runtime.forcegchelper'],
    source: { module: 'std', file: 'runtime/proc.go', function: 'runtime.forcegchelper', versions },
  },
  {
    id: 'runtime-sweep',
    summary: 'runtime: background sweeper',
    reasons: ['GC sweep wait'],
    frames: ['runtime.bgsweep'],
    source: { module: 'std', file: 'runtime/mgcsweep.go', function: 'runtime.bgsweep', versions },
  },
  {
    id: 'runtime-scavenge',
    summary: 'runtime: background scavenger',
    reasons: ['GC scavenge wait', 'sleep'],
    frames: ['runtime.(*scavengerState).park|runtime.(*scavengerState).sleep', 'runtime.bgscavenge'],
    source: { module: 'std', file: 'runtime/mgcscavenge.go', function: 'runtime.bgscavenge', versions },
  },
  {
    id: 'runtime-gc-worker',
    summary: 'runtime: GC mark worker between cycles',
    reasons: ['GC worker (idle)'],
    frames: ['runtime.gcBgMarkWorker'],
    source: { module: 'std', file: 'runtime/mgc.go', function: 'runtime.gcBgMarkWorker', versions },
  },
  {
    id: 'runtime-finalizers',
    summary: 'runtime: finalizer goroutine waits for work',
    reasons: ['finalizer wait'],
    frames: ['runtime.runFinalizers|runtime.runfinq'],
    source: { module: 'std', file: 'runtime/mfinal.go', function: 'runtime.runFinalizers', versions },
  },
  {
    id: 'runtime-cleanups',
    summary: 'runtime: cleanup goroutine waits for work',
    reasons: ['cleanup wait'],
    frames: ['runtime.(*cleanupQueue).dequeue', 'runtime.runCleanups'],
    source: { module: 'std', file: 'runtime/mcleanup.go', function: 'runtime.runCleanups', versions },
  },
  {
    id: 'runtime-maxprocs',
    summary: 'runtime: GOMAXPROCS updater',
    reasons: ['GOMAXPROCS updater (idle)'],
    frames: ['runtime.updateMaxProcsGoroutine'],
    source: { module: 'std', file: 'runtime/proc.go', function: 'runtime.updateMaxProcsGoroutine', versions },
  },
  {
    id: 'runtime-trace-reader',
    summary: 'execution tracer: reader waits for a full buffer',
    reasons: ['trace reader (blocked)'],
    frames: ['runtime.ReadTrace', 'runtime/trace.(*traceMultiplexer).startLocked|runtime/trace.Start'],
    source: {
      module: 'std',
      file: 'runtime/trace/subscribe.go',
      function: 'runtime/trace.(*traceMultiplexer).startLocked',
      versions,
    },
  },
  {
    id: 'runtime-trace-advancer',
    summary: 'execution tracer: waits for the next generation',
    reasons: ['chan receive'],
    frames: ['runtime.(*wakeableSleep).sleep', 'runtime.(*traceAdvancerState).start'],
    source: { module: 'std', file: 'runtime/trace.go', function: 'runtime.(*traceAdvancerState).start', versions },
  },
  {
    id: 'runtime-trace-cpu-reader',
    summary: 'execution tracer: waits for CPU samples',
    reasons: ['chan receive'],
    frames: ['runtime.(*wakeableSleep).sleep', 'runtime.traceStartReadCPU'],
    source: { module: 'std', file: 'runtime/tracecpu.go', function: 'runtime.traceStartReadCPU', versions },
  },
  {
    id: 'pprof-profile-writer',
    summary: 'CPU profiler: writer waits for samples',
    reasons: ['syscall', 'sleep'],
    frames: ['runtime/pprof.readProfile', 'runtime/pprof.profileWriter'],
    source: { module: 'std', file: 'runtime/pprof/pprof.go', function: 'runtime/pprof.profileWriter', versions },
  },
  {
    id: 'pprof-http-window',
    summary: 'a profile or trace being taken over HTTP waits for the end of its window',
    reasons: ['select'],
    frames: ['net/http/pprof.sleep', 'net/http/pprof.Profile|net/http/pprof.Trace'],
    source: { module: 'std', file: 'net/http/pprof/pprof.go', function: 'net/http/pprof.sleep', versions },
  },
  {
    id: 'pprof-http-delta',
    summary: 'a delta profile being taken over HTTP waits for the end of its window',
    reasons: ['select'],
    frames: ['net/http/pprof.handler.serveDeltaProfile'],
    source: {
      module: 'std',
      file: 'net/http/pprof/pprof.go',
      function: 'net/http/pprof.handler.serveDeltaProfile',
      versions,
    },
  },
  {
    id: 'net-accept',
    summary: 'listener waits for a connection',
    reasons: ['IO wait'],
    frames: ['net.(*netFD).accept'],
    source: { module: 'std', file: 'net/fd_unix.go', function: 'net.(*netFD).accept', versions },
  },
  {
    id: 'net-packet-read',
    summary: 'unconnected packet socket waits for a datagram',
    reasons: ['IO wait'],
    frames: [
      'net.(*netFD).readFrom|net.(*netFD).readFromInet4|net.(*netFD).readFromInet6|net.(*netFD).readMsg|net.(*netFD).readMsgInet4|net.(*netFD).readMsgInet6',
    ],
    ambiguous: 'a client that expects an answer on an unconnected socket looks the same',
    source: { module: 'std', file: 'net/fd_posix.go', function: 'net.(*netFD).readFromInet4', versions },
  },
  {
    id: 'signal-loop',
    summary: 'os/signal waits for a signal of the kernel',
    reasons: ['syscall'],
    frames: ['os/signal.signal_recv', 'os/signal.loop'],
    source: { module: 'std', file: 'os/signal/signal_unix.go', function: 'os/signal.loop', versions },
  },
  {
    id: 'signal-mask-thread',
    summary: 'runtime: thread that changes signal masks waits for a change',
    reasons: ['select'],
    frames: ['runtime.ensureSigM'],
    source: { module: 'std', file: 'runtime/signal_unix.go', function: 'runtime.ensureSigM', versions },
  },
  {
    id: 'signal-notify-context',
    summary: 'signal.NotifyContext waits for a signal or its context',
    reasons: ['select'],
    frames: ['os/signal.NotifyContext'],
    createdBy: 'os/signal.NotifyContext',
    source: { module: 'std', file: 'os/signal/signal.go', function: 'os/signal.NotifyContext', versions },
  },
  {
    id: 'context-propagate-cancel',
    summary: 'context of a foreign type: waits for the cancellation of parent or child',
    reasons: ['select'],
    frames: ['context.(*cancelCtx).propagateCancel'],
    ambiguous: 'a child context that is never cancelled under a parent that never ends leaks this goroutine',
    source: { module: 'std', file: 'context/context.go', function: 'context.(*cancelCtx).propagateCancel', versions },
  },
  {
    id: 'exec-watch-context',
    summary: 'helper of a running child process waits for its context or its exit',
    reasons: ['select'],
    frames: ['os/exec.(*Cmd).watchCtx'],
    source: { module: 'std', file: 'os/exec/exec.go', function: 'os/exec.(*Cmd).watchCtx', versions },
  },
  {
    id: 'exec-copy-output',
    summary: 'copies the output of a child process and waits for it to write',
    reasons: ['IO wait'],
    frames: ['os.(*File).Read', '...', 'os/exec.(*Cmd).writerDescriptor', 'os/exec.(*Cmd).Start'],
    ambiguous: 'a grandchild that keeps the pipe open after the child has gone looks the same',
    source: { module: 'std', file: 'os/exec/exec.go', function: 'os/exec.(*Cmd).writerDescriptor', versions },
  },
  {
    id: 'net-rpc-server',
    summary: 'net/rpc server connection waits for its next request',
    reasons: ['IO wait'],
    frames: ['encoding/gob.decodeUintReader', '...', 'net/rpc.(*gobServerCodec).ReadRequestHeader'],
    source: {
      module: 'std',
      file: 'net/rpc/server.go',
      function: 'net/rpc.(*gobServerCodec).ReadRequestHeader',
      versions,
    },
  },
  {
    id: 'net-rpc-client',
    summary: 'net/rpc client connection waits for a response or the close',
    reasons: ['IO wait'],
    frames: [
      'encoding/gob.decodeUintReader',
      '...',
      'net/rpc.(*gobClientCodec).ReadResponseHeader',
      'net/rpc.(*Client).input',
    ],
    source: { module: 'std', file: 'net/rpc/client.go', function: 'net/rpc.(*Client).input', versions },
  },
]

export const runtimeIdle = nameRows(rows)
