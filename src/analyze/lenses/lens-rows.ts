/**
 * One row per lens: what it sees, what it cannot see, how to turn it on, what that costs.
 * Printed by `sightline lenses` and docs/lenses.md; figures were measured on Go 1.26 and 1.27 unless a row says otherwise.
 */
import type { Lens } from '../../model/lens.ts'
import type { LensRow } from './types.ts'

export const lensRows: readonly LensRow[] = [
  {
    lens: 'cpu',
    title: 'CPU profile',
    sees: 'what runs, sampled 100 times per second of CPU time',
    cannotSee: 'anything that waits, for whatever reason',
    turnOn: 'import net/http/pprof; GET /debug/pprof/profile?seconds=3',
    cost: 'a signal per 10 ms of CPU time while it runs; one CPU profile per process at a time',
  },
  {
    lens: 'block',
    title: 'block profile',
    sees: 'waits on channels, select, mutexes, WaitGroup and Cond that have ended, if the rate was on when they began',
    cannotSee:
      'waits that have not ended; network, pipes, sleep, system calls, runnable, GC assist, runtime semaphores, nil channels, select{}, coroutines',
    turnOn: 'runtime.SetBlockProfileRate(10000): every wait of 10 µs or more, shorter ones sampled',
    cost: 'a clock reading per wait, a stack per recorded one: a channel round trip of 0.3 µs took 0.38 µs at rate 10000, 0.5 µs at rate 1',
  },
  {
    lens: 'mutex',
    title: 'mutex profile',
    sees: 'time that others waited for a lock, charged to the holder when it unlocks; since Go 1.25 also for locks of the runtime itself',
    cannotSee: 'a lock that is never released; who waited; everything that is no lock',
    turnOn: 'runtime.SetMutexProfileFraction(100): one contended unlock in 100',
    cost: 'a stack per recorded unlock: within the noise at fraction 100 on a lock that two cores fought for',
  },
  {
    lens: 'heap',
    title: 'heap and allocs profiles',
    sees: 'where memory was allocated, and what of it lived at the last GC',
    cannotSee: 'time; who holds the memory; goroutine stacks',
    turnOn: 'on by default (runtime.MemProfileRate); GET /debug/pprof/heap',
    cost: 'a stack per 512 KiB allocated',
  },
  {
    lens: 'goroutine',
    title: 'goroutine dump',
    sees: 'every wait of one instant, with its reason and its stack',
    cannotSee:
      'how long (the printed minutes are wrong both ways), what happened between two dumps, the runtime’s own goroutines; nothing past 64 MiB',
    turnOn: 'import net/http/pprof; GET /debug/pprof/goroutine?debug=2',
    cost: 'stops the world while it is written: 20 s at 100,000 goroutines (debug=0: 3 s, debug=1: 52 s, without reasons)',
  },
  {
    lens: 'goroutineleak',
    title: 'goroutine leak profile',
    sees: 'goroutines that nothing which can still run could ever wake: proof',
    cannotSee:
      'what a global or a running goroutine still reaches, or shares a heap block with (a lone sync.Mutex is that small); network, sleep, system calls, runtime semaphores, coroutines; a wait that is merely too long',
    turnOn: 'Go 1.27: GET /debug/pprof/goroutineleak. Go 1.26: build with GOEXPERIMENT=goroutineleakprofile',
    cost: 'one extra GC cycle per request, 1.8 s at 100,000 goroutines; later dumps carry its (leaked) marks',
    sinceGo: '1.26',
  },
  {
    lens: 'trace',
    title: 'execution trace',
    sees: 'every state of every goroutine with its length, while it is on',
    cannotSee:
      'why a goroutine waits that was waiting before it began; which of network and pipe, mutex and runtime semaphore (only the stack tells); pprof labels',
    turnOn: 'import net/http/pprof; GET /debug/pprof/trace?seconds=1',
    cost: '8 MB per second on a busy service (5 bytes an event); one trace per process at a time',
  },
  {
    lens: 'spans',
    title: 'spans (OpenTelemetry)',
    sees: 'the operations that were instrumented, where their context survived',
    cannotSee: 'everything else, that it is missing, and what happened inside a span',
    turnOn: 'OpenTelemetry SDK and instrumentation of each client, server and goroutine hand-off',
    cost: 'per span, in the service, on the wire and in the store; sampling lowers it, and what can be seen',
  },
  {
    lens: 'metrics',
    title: 'metrics (runtime/metrics, Prometheus, expvar)',
    sees: 'totals: goroutines (by state since Go 1.26), scheduling latency (1.17), mutex wait (1.20), GC pauses',
    cannotSee: 'which goroutine, which request, which line',
    turnOn: 'expose runtime/metrics: the Go collector of client_golang with all metrics, or expvar',
    cost: 'microseconds per scrape; runtime.ReadMemStats, which old collectors call, stops the world',
  },
  {
    lens: 'logs',
    title: 'logs',
    sees: 'what someone thought of writing',
    cannotSee: 'which request, when the id is missing; a wait, until something after it writes a line',
    turnOn: 'log/slog with the trace id of the context in every line',
    cost: 'per line',
  },
]

/** The row of a lens: every lens has one. */
export function getLensRow(lens: Lens): LensRow {
  const row = lensRows.find((candidate) => candidate.lens === lens)
  if (row === undefined) throw new Error(`no row for the lens ${lens}`)
  return row
}
