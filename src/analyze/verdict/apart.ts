/** Goroutines that no verdict is about: the runtime's own, those that serve the capture itself, and named idle waits. */
import type { VerdictRule } from './judgement.ts'

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

/** net/http starts one per request and connection, to watch for the client going away: seen before it has come to wait. */
const backgroundReader = /^net\/http\.\(\*connReader\)\.(startBackgroundRead(\.gowrap\d+)?|backgroundRead)$/

/** Goroutines on their way into a wait that the idle table knows: caught between their start and their first read. */
export const startingHelperRule: VerdictRule = {
  id: 'starting-helper',
  judge: ({ group }) => {
    if (group.state !== 'runnable' && group.state !== 'running') return undefined
    const root = group.functions.find((name) => !name.startsWith('runtime.'))
    if (root === undefined || !backgroundReader.test(root)) return undefined
    return {
      verdict: 'idle',
      confidence: 'certain',
      pattern: 'net-http-server-background-read',
      why: 'helper of a running HTTP/1 handler, on its way to watch the connection',
    }
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
