/**
 * Faults with Go's own measuring tools: an execution trace or CPU profile started on a request's path, its error not
 * looked at; pprof.Lookup of a profile that does not exist (nil, and a panic); ReadMemStats, which stops the world, on a
 * request's path or in a loop that does not pause.
 */
import { isTestFile } from '../audit/intent.ts'
import type { CallSite, PackageView } from '../audit/package-view.ts'
import { callAround, callsIn, findRequestPath, isAlone, loopAround, stringOf } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

const starts: Readonly<Record<string, string>> = {
  'runtime/trace.Start': 'trace.Start',
  'runtime/pprof.StartCPUProfile': 'pprof.StartCPUProfile',
}

function startsOf(view: PackageView): readonly CallSite[] {
  return Object.keys(starts)
    .flatMap((name) => view.callsOf(name))
    .filter((call) => !isTestFile(view, call.file))
}

export const traceStartInHandler: AuditRule = {
  id: 'trace-start-in-handler',
  title: 'A trace or CPU profile is started by a request',
  severity: 'high',
  saysWhen:
    'runtime/trace.Start or pprof.StartCPUProfile is reached from a handler: one at a time can run, so the second request gets an error.',
  fix: 'Use net/http/pprof, or a flight recorder (Go 1.25) that a request only asks for a snapshot.',
  check({ view, report }) {
    const path = findRequestPath(view)
    for (const call of startsOf(view)) {
      if (!path.has(call.fn)) continue
      report(call.file, call.node, {
        message: `${starts[call.name]} runs on a request's path: one can run in a process`,
        confidence: 'probable',
      })
    }
  },
}

export const traceStartUnchecked: AuditRule = {
  id: 'trace-start-unchecked',
  title: 'The error of trace.Start is not looked at',
  severity: 'medium',
  saysWhen:
    'the result of runtime/trace.Start or pprof.StartCPUProfile is thrown away: where one runs already, nothing is recorded and nobody knows.',
  fix: 'if err := trace.Start(w); err != nil { return err }.',
  check({ view, report }) {
    for (const call of startsOf(view)) {
      if (isAlone(view, call))
        report(call.file, call.node, {
          message: `The error of ${starts[call.name]} is thrown away`,
          confidence: 'probable',
        })
    }
  },
}

const profiles = new Set(['goroutine', 'goroutineleak', 'heap', 'allocs', 'threadcreate', 'block', 'mutex'])

export const pprofLookupUnknown: AuditRule = {
  id: 'pprof-lookup-unknown',
  title: 'pprof.Lookup of a profile that does not exist',
  severity: 'high',
  saysWhen:
    'pprof.Lookup is given a name that is no built-in profile and that the package does not make with NewProfile: it returns nil.',
  fix: 'For the CPU use pprof.StartCPUProfile, or /debug/pprof/profile?seconds=30.',
  check({ view, report }) {
    const made = new Set(
      view.callsOf('runtime/pprof.NewProfile').map((call) => stringOf(view, call.file, call.args[0])),
    )
    for (const call of view.callsOf('runtime/pprof.Lookup')) {
      const name = stringOf(view, call.file, call.args[0])
      if (name === undefined || profiles.has(name) || made.has(name) || isTestFile(view, call.file)) continue
      const isCpu = name === 'cpu'
      report(call.file, call.node, {
        message: isCpu
          ? 'There is no profile "cpu" to look up: this is nil, and a method on it panics'
          : `No profile "${name}" is made here: Lookup may give nil`,
        confidence: isCpu ? 'probable' : 'possible',
        ...(isCpu ? {} : { severity: 'low' }),
      })
    }
  },
}

const pauses = /^time\.(Sleep|NewTicker|Tick|After)$/

export const memStatsOnHotPath: AuditRule = {
  id: 'mem-stats-on-hot-path',
  title: 'ReadMemStats on a hot path',
  severity: 'medium',
  saysWhen:
    'runtime.ReadMemStats, which stops the world each time, is reached from a handler, or stands in a loop that does not pause.',
  fix: 'Use runtime/metrics, which does not stop the world, or read it from a ticker.',
  check({ view, report }) {
    const path = findRequestPath(view)
    for (const call of view.callsOf('runtime.ReadMemStats')) {
      if (isTestFile(view, call.file)) continue
      const loop = loopAround(view, call.file, call.node)
      const isBusy =
        loop !== undefined &&
        !callsIn(view, call.file, loop).some(({ name }) => pauses.test(name)) &&
        !/<-|ticker|range .*\.C\b/i.test(view.text(call.file, loop))
      const isExpvar = isGivenToExpvar(view, call)
      if (!path.has(call.fn) && !isBusy && !isExpvar) continue
      report(call.file, call.node, {
        message: `ReadMemStats stops the world, ${path.has(call.fn) ? 'on a request’s path' : isExpvar ? 'whenever /debug/vars is asked for' : 'in every turn of a loop'}`,
        confidence: 'probable',
      })
    }
  },
}

/** In a literal that expvar.Func makes a variable of: it runs for each scrape. */
function isGivenToExpvar(view: PackageView, call: CallSite): boolean {
  const fn = view.functions[call.fn]
  return fn?.kind === 'literal' && callAround(view, fn.file, fn.node)?.name === 'expvar.Func'
}
