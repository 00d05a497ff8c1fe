/**
 * Calls that ask someone else for something and wait: pools that hand out what others hold, and clients that wait for
 * an answer. Their goroutines stand in `select` or `chan receive` like idle workers, and are none: they have a deadline
 * or an end. Each row was read in the upstream source named beside it.
 */
import type { GroupVerdict } from '../../model/diagnosis.ts'
import { describeWindow, isStanding, oneDump, plural, type VerdictRule } from './judgement.ts'

export type SlowCall = {
  readonly match: RegExp
  readonly what: string
  readonly kind: 'pool' | 'answer'
  readonly source: string
}

const http2 = '(?:net\\/http\\.\\(\\*http2|(?:golang\\.org\\/x\\/net\\/http2|net\\/http\\/internal\\/http2)\\.\\(\\*)'

export const slowCalls: readonly SlowCall[] = [
  {
    match: /^database\/sql\.\(\*DB\)\.conn$/,
    what: 'a database connection (database/sql)',
    kind: 'pool',
    source: 'database/sql/sql.go',
  },
  {
    match: /^net\/http\.\(\*Transport\)\.(getConn|queueForDial)$/,
    what: 'a connection of the HTTP client',
    kind: 'pool',
    source: 'net/http/transport.go',
  },
  {
    match: /^github\.com\/jackc\/puddle(\/v\d+)?\.\(\*Pool(\[.*\])?\)\.[aA]cquire/,
    what: 'a pgx connection (puddle)',
    kind: 'pool',
    source: 'jackc/puddle pool.go',
  },
  {
    match: /^github\.com\/(redis\/go-redis|go-redis\/redis)(\/v\d+)?\/internal\/pool\.\(\*ConnPool\)\.(waitTurn|Get)$/,
    what: 'a Redis connection (go-redis)',
    kind: 'pool',
    source: 'redis/go-redis internal/pool/pool.go',
  },
  {
    match: /^github\.com\/gomodule\/redigo\/redis\.\(\*Pool\)\.(get|waitVacantConn|GetContext)$/,
    what: 'a Redis connection (redigo)',
    kind: 'pool',
    source: 'gomodule/redigo redis/pool.go',
  },
  {
    match: /^golang\.org\/x\/sync\/semaphore\.\(\*Weighted\)\.Acquire$/,
    what: 'a semaphore (x/sync/semaphore)',
    kind: 'pool',
    source: 'x/sync semaphore/semaphore.go',
  },
  {
    match: /^golang\.org\/x\/sync\/errgroup\.\(\*Group\)\.Go$/,
    what: 'a free place in an errgroup (SetLimit)',
    kind: 'pool',
    source: 'x/sync errgroup/errgroup.go',
  },
  {
    match: /^net\/http\.\(\*persistConn\)\.roundTrip$/,
    what: 'the response to an HTTP request',
    kind: 'answer',
    source: 'net/http/transport.go',
  },
  {
    match: new RegExp(
      `^${http2}(?:ClientConn|clientStream|Transport)\\)\\.(?:RoundTrip|roundTrip|RoundTripOpt|doRequest)$`,
    ),
    what: 'the response to an HTTP/2 request',
    kind: 'answer',
    source: 'net/http/h2_bundle.go',
  },
  {
    match: /^google\.golang\.org\/grpc\.\(\*(clientStream|csAttempt)\)\.(RecvMsg|recvMsg)$/,
    what: 'a message of a gRPC call',
    kind: 'answer',
    source: 'grpc-go stream.go',
  },
  {
    match: /^google\.golang\.org\/grpc\.\(\*pickerWrapper\)\.pick$/,
    what: 'a gRPC connection that is ready',
    kind: 'answer',
    source: 'grpc-go picker_wrapper.go',
  },
  {
    match: /^net\.\(\*Resolver\)\.(lookupIPAddr|goLookupIPCNAMEOrder)$/,
    what: 'a name to be looked up (DNS)',
    kind: 'answer',
    source: 'net/lookup.go',
  },
  {
    match: /^net\.\(\*sysDialer\)\.dial(Parallel|Serial|Single)$/,
    what: 'a connection to be made',
    kind: 'answer',
    source: 'net/dial.go',
  },
  {
    match: /^os\/exec\.\(\*Cmd\)\.(Wait|awaitGoroutines)$/,
    what: 'a child process to end',
    kind: 'answer',
    source: 'os/exec/exec.go',
  },
  {
    match: /^golang\.org\/x\/sync\/singleflight\.\(\*Group\)\.Do$/,
    what: 'another goroutine that makes the same call (singleflight)',
    kind: 'answer',
    source: 'x/sync singleflight/singleflight.go',
  },
  {
    match: /^golang\.org\/x\/time\/rate\.\(\*Limiter\)\.(Wait|WaitN|wait)$/,
    what: 'a rate limiter',
    kind: 'answer',
    source: 'x/time rate/rate.go',
  },
]

export function findSlowCall(functions: readonly string[]): SlowCall | undefined {
  for (const name of functions) {
    const call = slowCalls.find(({ match }) => match.test(name))
    if (call !== undefined) return call
  }
  return undefined
}

const handlerFrame =
  /^(net\/http\.(serverHandler|HandlerFunc)\.ServeHTTP|google\.golang\.org\/grpc\.\(\*Server\)\.(processUnaryRPC|processStreamingRPC))$/

/** A request of a client is being served below this stack: whoever sent it waits too. */
export function isServing(functions: readonly string[]): boolean {
  return functions.some((name) => handlerFrame.test(name))
}

export const slowCallRule: VerdictRule = {
  id: 'slow-call',
  judge: (file) => {
    const { group, members, context } = file
    if (group.state !== 'waiting' || !['select', 'chan', 'sync', 'cond'].includes(group.waitClass ?? ''))
      return undefined
    const call = findSlowCall(group.functions)
    if (call === undefined) return undefined
    const isOne = context.dumpCount < 2
    const stood = isStanding(file)
    const isSlow = stood || isOne || (call.kind === 'pool' && members >= 2)
    const verdict: GroupVerdict = isSlow ? 'slow' : 'busy'
    const isAre = members === 1 ? 'waits' : 'wait'
    const parts = [
      `${plural(members, 'goroutine')} ${isAre} for ${call.what}`,
      call.kind === 'pool' ? 'all of it is out' : undefined,
      stood ? `none got it ${describeWindow(context)}` : undefined,
      isOne ? oneDump : undefined,
    ]
    return {
      verdict,
      confidence: stood ? 'probable' : 'possible',
      cause: call.kind,
      what: call.what,
      why: parts.filter((part) => part !== undefined).join('; '),
    }
  },
}
