/**
 * A drawn diagnosis for the renderers' tests: a service with a pool held across a slow call, one leak, idle workers.
 * `hostileReport` holds what an attacker could put into names, labels and URLs in every place that shows text.
 */
import type { DiagnoseData, GoroutineGroup } from '../../src/model/diagnosis.ts'
import type { DiagnoseReport } from '../../src/render/answer.ts'

const groups: readonly GoroutineGroup[] = [
  {
    id: 'g1',
    count: 61,
    state: 'waiting',
    waitReason: 'sync.Mutex.Lock',
    waitClass: 'sync',
    topFunction: 'internal/sync.runtime_SemacquireMutex',
    userFunction: 'example.com/shop/internal/api.(*Server).quote',
    stack: [
      { function: 'internal/sync.runtime_SemacquireMutex', file: 'runtime/sema.go', line: 95 },
      { function: 'sync.(*Mutex).Lock', file: 'sync/mutex.go', line: 46, inlined: true },
      {
        function: 'example.com/shop/internal/api.(*Server).quote',
        file: 'example.com/shop/internal/api/quote.go',
        line: 31,
      },
    ],
    createdBy: { function: 'net/http.(*Server).Serve', file: 'net/http/server.go', line: 3604 },
    goroutineIds: [12, 13],
    goroutineIdsOmitted: 59,
    waitNs: { min: 3_000_000_000 },
    labels: { route: '/quote' },
    verdict: 'stuck',
    confidence: 'probable',
    why: 'all members kept the same stack over 3 dumps and wait for one lock',
    seenBy: ['goroutine', 'trace'],
    notSeenBy: ['cpu', 'block', 'mutex'],
    waitsOn: '0xc000123456',
    blockedBy: { group: 'g2', confidence: 'probable', why: 'it holds the lock during an HTTP request' },
    growth: { first: 40, last: 61 },
  },
  {
    id: 'g2',
    count: 1,
    state: 'waiting',
    waitReason: 'select',
    waitClass: 'select',
    topFunction: 'net/http.(*persistConn).roundTrip',
    userFunction: 'example.com/shop/internal/api.(*Prices).refresh',
    stack: [
      { function: 'net/http.(*persistConn).roundTrip', file: 'net/http/transport.go', line: 2850 },
      {
        function: 'example.com/shop/internal/api.(*Prices).refresh',
        file: 'example.com/shop/internal/api/prices.go',
        line: 44,
      },
    ],
    goroutineIds: [99],
    labels: {},
    verdict: 'slow',
    confidence: 'probable',
    why: 'waits for an HTTP response',
    seenBy: ['goroutine', 'trace'],
    notSeenBy: ['cpu', 'mutex'],
  },
  {
    id: 'g3',
    count: 4,
    state: 'waiting',
    waitReason: 'IO wait',
    waitClass: 'network',
    topFunction: 'internal/poll.runtime_pollWait',
    userFunction: 'net/http.(*conn).serve',
    stack: [{ function: 'internal/poll.runtime_pollWait', file: 'runtime/netpoll.go', line: 351 }],
    goroutineIds: [5, 6, 7, 8],
    labels: {},
    verdict: 'idle',
    confidence: 'certain',
    why: 'a keep-alive connection between two requests',
    seenBy: ['goroutine', 'trace'],
    notSeenBy: ['cpu', 'block', 'mutex'],
    pattern: 'net-http-keep-alive',
  },
]

const data: DiagnoseData = {
  target: {
    kind: 'capture',
    instance: '127.0.0.1:6060',
    service: 'shop',
    serviceFrom: 'module',
    version: 'v1.4.2',
    goVersion: 'go1.27.3',
  },
  window: { startTime: '2026-11-22T18:30:56.365000000Z', durationNs: 3_000_000_000, dumps: 3 },
  lenses: [
    {
      lens: 'block',
      state: 'off',
      sees: 'waits that have ended',
      cannotSee: 'waits that have not ended',
      turnOn: 'runtime.SetBlockProfileRate(10000)',
      because: 'its profile is empty while goroutines block',
    },
    {
      lens: 'goroutine',
      state: 'on',
      sees: 'every wait of one instant',
      cannotSee: 'how long',
      turnOn: 'GET /debug/pprof/goroutine?debug=2',
    },
  ],
  goroutines: { count: 66, stackBytes: 540_672, groups },
  cpu: {
    state: 'measured',
    samples: 120,
    windowNs: 3_000_000_000,
    totalSeconds: 1.2,
    smallestShareRatio: 0.025,
    top: [
      {
        function: 'example.com/shop/internal/api.encode',
        flatSeconds: 0.5,
        flatInterval: [0.38, 0.64],
        cumulativeSeconds: 0.9,
      },
    ],
  },
  blindSpots: [
    {
      what: 'waits for a lock that has not been released',
      waitReason: 'sync.Mutex.Lock',
      waitClass: 'sync',
      groups: ['g1'],
      goroutineCount: 61,
      goroutineSeconds: 183,
      lensesThatMissIt: ['cpu', 'block', 'mutex'],
      lensesThatShowIt: ['goroutine', 'trace'],
      turnOn: 'take goroutine dumps: GET /debug/pprof/goroutine?debug=2',
      cost: 'stops the world while it is written',
    },
  ],
  verdict: {
    grade: 'blind',
    explainedRatio: 1,
    blindRatio: 0.78,
    idleNs: 12_000_000_000,
    unknownRatio: 0,
    because: ['78 % of the goroutine time is in waits that have not ended', 'block profiling is off'],
  },
}

export const drawnReport: DiagnoseReport = {
  data,
  findings: [
    {
      rule: 'stuck-goroutines',
      title: '61 goroutines wait on one mutex that a slow request holds',
      severity: 'high',
      confidence: 'probable',
      subject: { service: 'shop' },
      evidence: [
        { lens: 'goroutine', source: 'goroutine.2.txt', at: 'line 118', excerpt: 'goroutine 12 [sync.Mutex.Lock]:' },
      ],
      blindTo: ['cpu', 'block', 'mutex'],
      cost: { goroutineSeconds: 183 },
      fix: { summary: 'Do not hold the lock across the request: copy what it needs first' },
      fingerprint: 'a1b2c3',
      groups: ['g1'],
    },
  ],
  issues: [
    {
      code: 'SL_DECODE_TRUNCATED',
      message: 'the dump ends in the middle of a goroutine',
      severity: 'warning',
      at: { file: 'goroutine.1.txt', line: 4000 },
      count: 2,
    },
  ],
  coverage: {
    asked: 11,
    answered: 10,
    missing: [{ what: 'trace?seconds=1', why: 'another trace was running', code: 'SL_COLLECT_TIMEOUT' }],
  },
}

/** What stands in every text field of the hostile report. */
export const hostileText =
  '\u001b[2J\u001b]0;owned\u0007<script>alert(1)</script>"\'><img src=x onerror=alert(2)>`|[x](javascript:alert(3)) @team \u202egnp.exe\r\nINJECTED'

/** Words of the wire types that renderers switch on: a hostile capture cannot change these. */
const KEPT =
  /^(id|group|groups|grade|state|verdict|confidence|severity|lens|kind|code|startTime|.*By|lensesThat.*|blindTo)$/

/** The same report with the hostile text in every place that shows text. */
export const hostileReport: DiagnoseReport = poison(drawnReport)

function poison<T>(value: T, key = ''): T {
  if (typeof value === 'string') return (KEPT.test(key) ? value : hostileText) as T
  if (Array.isArray(value)) return value.map((one) => poison(one, key)) as T
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, poison(one, name)])) as T
  }
  return value
}
