/** Goroutines that no verdict is about: the runtime's own, those that serve the capture itself, and named idle waits. */
import { matchIdle } from '../idle/registry.ts'
import type { VerdictRule } from './judgement.ts'
import { isServing } from './slow-calls.ts'

export const systemRule: VerdictRule = {
  id: 'system',
  judge: ({ group }) =>
    group.isSystem
      ? { verdict: 'idle', confidence: 'certain', pattern: 'runtime-system', why: 'the runtime’s own goroutine' }
      : undefined,
}

export const probeRule: VerdictRule = {
  id: 'probe',
  judge: ({ group }) =>
    group.isProbe
      ? {
          verdict: 'idle',
          confidence: 'certain',
          pattern: 'profiling-request',
          why: 'it serves a request to /debug/pprof: it is there because someone looks',
        }
      : undefined,
}

/** Goroutines of net/http that are on their way into a wait by design, whatever they are doing to get there. */
const onTheWay: readonly { readonly match: RegExp; readonly pattern: string; readonly why: string }[] = [
  {
    match: /^net\/http\.\(\*connReader\)\.(startBackgroundRead(\.gowrap\d+)?|backgroundRead)$/,
    pattern: 'net-http-server-background-read',
    why: 'helper of a running HTTP/1 handler, on its way to watch the connection',
  },
  {
    match: /^net\/http\.(\(\*Server\)\.Serve\.gowrap\d+|\(\*conn\)\.serve)$/,
    pattern: 'net-http-server-keepalive',
    why: 'HTTP/1 server connection between two requests, on its way to wait for the next',
  },
]

/** Caught between its start, or its last piece of work, and the idle wait that its stack leads to: the capture's own
 * requests make such goroutines on every server. */
export const onTheWayRule: VerdictRule = {
  id: 'on-the-way',
  judge: ({ group }) => {
    if (group.state !== 'runnable' && group.state !== 'running') return undefined
    if (isServing(group.functions)) return undefined
    const row = onTheWay.find(({ match }) => group.functions.some((name) => match.test(name)))
    if (row !== undefined) return { verdict: 'idle', confidence: 'probable', pattern: row.pattern, why: row.why }
    if (group.state !== 'runnable' || group.functions[0] !== 'internal/poll.runtime_pollWait') return undefined
    const woken = matchIdle({
      waitReason: 'IO wait',
      functions: group.functions,
      ...(group.creator === undefined ? {} : { createdBy: group.creator.function }),
    })
    if (woken?.strength !== 'named') return undefined
    const why = `${woken.summary}; it was in that wait until just now, and waits for a processor`
    return { verdict: 'idle', confidence: 'probable', pattern: woken.id, why }
  },
}

/** Rows of the idle table that were read from one library. Shapes are weaker and wait for the end of the table. */
export const namedIdleRule: VerdictRule = {
  id: 'idle-pattern',
  judge: ({ group }) => {
    const pattern = group.pattern
    if (pattern === undefined || pattern.strength !== 'named') return undefined
    return {
      verdict: 'idle',
      confidence: pattern.ambiguous === undefined ? 'certain' : 'probable',
      pattern: pattern.id,
      why:
        pattern.ambiguous === undefined
          ? pattern.summary
          : `${pattern.summary}; the same stack can also be otherwise: ${pattern.ambiguous}`,
    }
  },
}
