/** Goroutines that run, wait for a processor, or wait for something outside the program: slow at worst, never stuck. */
import { describeWindow, isStanding, oneDump, plural, type VerdictRule } from './judgement.ts'

/** The seed's threshold: runnable for longer is a finding. */
export const RUNNABLE_TOO_LONG_NS = 10e9

export const runningRule: VerdictRule = {
  id: 'running',
  judge: ({ group, motion }) => {
    if (group.state === 'gone') return { verdict: 'idle', confidence: 'certain', why: 'no goroutine of the program' }
    if (group.state !== 'running' && group.state !== 'runnable' && group.state !== 'suspended') return undefined
    const stay = motion.stayNs?.min ?? 0
    if (group.state === 'runnable' && stay >= RUNNABLE_TOO_LONG_NS) {
      return {
        verdict: 'slow',
        confidence: 'possible',
        why: `runnable in every dump over ${(stay / 1e9).toFixed(0)} s; it may have run between them`,
      }
    }
    const why = group.state === 'running' ? 'it runs' : 'it waits for a processor to run on'
    return { verdict: 'busy', confidence: group.state === 'running' ? 'certain' : 'probable', why }
  },
}

const handlerFrame =
  /^(net\/http\.(serverHandler|HandlerFunc)\.ServeHTTP|google\.golang\.org\/grpc\.\(\*Server\)\.(processUnaryRPC|processStreamingRPC))$/

/** Pools hand out what others hold: a wait here means that all of it is out. */
export const poolFrames: readonly { readonly match: RegExp; readonly what: string }[] = [
  { match: /^database\/sql\.\(\*DB\)\.conn$/, what: 'a database connection (database/sql)' },
  {
    match: /^net\/http\.\(\*Transport\)\.getConn$/,
    what: 'a connection of the HTTP client (Transport.MaxConnsPerHost)',
  },
  { match: /^github\.com\/jackc\/puddle(\/v\d+)?\.\(\*Pool(\[.*\])?\)\.[aA]cquire/, what: 'a pgx connection (puddle)' },
  {
    match: /^github\.com\/(redis\/go-redis|go-redis\/redis)(\/v\d+)?\/internal\/pool\.\(\*ConnPool\)\.(waitTurn|Get)$/,
    what: 'a Redis connection',
  },
  {
    match: /^github\.com\/gomodule\/redigo\/redis\.\(\*Pool\)\.(get|waitVacantConn|GetContext)$/,
    what: 'a Redis connection (redigo)',
  },
  { match: /^golang\.org\/x\/sync\/semaphore\.\(\*Weighted\)\.Acquire$/, what: 'a semaphore (x/sync/semaphore)' },
  { match: /^golang\.org\/x\/sync\/errgroup\.\(\*Group\)\.Go$/, what: 'a free place in an errgroup (SetLimit)' },
]

export function findPool(functions: readonly string[]): string | undefined {
  for (const name of functions) {
    const pool = poolFrames.find(({ match }) => match.test(name))
    if (pool !== undefined) return pool.what
  }
  return undefined
}

export const poolRule: VerdictRule = {
  id: 'pool',
  judge: (file) => {
    const { group, members, context } = file
    if (group.state !== 'waiting' || (group.waitClass !== 'select' && group.waitClass !== 'chan')) return undefined
    const what = findPool(group.functions)
    if (what === undefined) return undefined
    const isOne = context.dumpCount < 2
    const stood = isStanding(file)
    return {
      verdict: stood || members >= 2 || isOne ? 'slow' : 'busy',
      confidence: isOne ? 'possible' : stood ? 'probable' : 'possible',
      why: `${plural(members, 'goroutine')} for ${what}: all of it is out${stood ? `, and none got one ${describeWindow(context)}` : ''}${isOne ? `; ${oneDump}` : ''}`,
    }
  },
}

const outside: Readonly<Record<string, string>> = {
  network: 'an answer over the network',
  pipe: 'the other end of a pipe',
  syscall: 'a system call to return',
  timer: 'a timer',
  gc: 'the garbage collector',
  runtime: 'the runtime',
}

export const outsideRule: VerdictRule = {
  id: 'outside',
  judge: (file) => {
    const { group, context, members } = file
    const what = group.waitClass === undefined ? undefined : outside[group.waitClass]
    if (what === undefined) return undefined
    const isServing = group.functions.some((name) => handlerFrame.test(name))
    if (group.waitClass === 'timer' && !isServing && group.pattern !== undefined) {
      return {
        verdict: 'idle',
        confidence: 'possible',
        pattern: group.pattern.id,
        why: `${group.pattern.summary}: by the form of its stack, not by knowledge of the code`,
      }
    }
    if (context.dumpCount < 2) {
      return { verdict: 'slow', confidence: 'possible', why: `it waits for ${what}; ${oneDump}` }
    }
    if (!isStanding(file)) {
      return { verdict: 'busy', confidence: 'probable', why: `it waits for ${what}, and its members come and go` }
    }
    const serving = isServing ? ' while a request is being served' : ''
    return {
      verdict: 'slow',
      confidence: group.waitClass === 'timer' ? 'possible' : 'probable',
      why: `${plural(members, 'goroutine')} ${members === 1 ? 'waits' : 'wait'} for ${what}${serving}; none moved ${describeWindow(context)}`,
    }
  },
}
