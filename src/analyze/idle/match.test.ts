import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findPattern, indexPatterns } from './match.ts'
import { canonicalName, packageOf } from './names.ts'
import { idlePatterns, matchIdle } from './registry.ts'

test('names: closures, wrappers, generics, vendoring, major versions and escaped dots fall away', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['net/http.(*Server).Serve.gowrap3', 'net/http.(*Server).Serve'],
    ['main.F.func1.2.3', 'main.F'],
    ['main.F.func1.gowrap2', 'main.F'],
    ['main.(*T).Run-fm', 'main.(*T).Run'],
    ['main.F-range1', 'main.F'],
    ['main.F.func2-range1', 'main.F'],
    ['main.Pool[...].worker', 'main.Pool.worker'],
    ['main.(*Pool[go.shape.int]).worker.func1', 'main.(*Pool).worker'],
    ['gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun', 'gopkg.in/natefinch/lumberjack.v2.(*Logger).millRun'],
    ['k8s.io/kubernetes/vendor/google.golang.org/grpc.(*Server).Serve', 'google.golang.org/grpc.(*Server).Serve'],
    ['vendor/golang.org/x/net/dns.F', 'golang.org/x/net/dns.F'],
    [
      'github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck',
      'github.com/jackc/pgx/pgxpool.(*Pool).backgroundHealthCheck',
    ],
    [
      'github.com/redis/go-redis/v9.(*channel).initHealthCheck.func1',
      'github.com/redis/go-redis.(*channel).initHealthCheck',
    ],
    ['net/http.(*http2serverConn).serve', 'golang.org/x/net/http2.(*serverConn).serve'],
    ['net/http.http2readFrameHeader', 'golang.org/x/net/http2.readFrameHeader'],
    ['net/http/internal/http2.(*serverConn).serve', 'golang.org/x/net/http2.(*serverConn).serve'],
    ['net/http.(*conn).serve', 'net/http.(*conn).serve'],
  ]
  for (const [printed, canonical] of cases) {
    assert.equal(canonicalName(printed), canonical)
    assert.equal(canonicalName(canonical), canonical, 'canonical names stay as they are')
  }
  assert.equal(
    packageOf('google.golang.org/grpc/internal/transport.(*http2Server).keepalive'),
    'google.golang.org/grpc/internal/transport',
  )
  assert.equal(packageOf('gopkg.in/natefinch/lumberjack.v2.(*Logger).millRun'), 'gopkg.in/natefinch/lumberjack.v2')
})

test('names made to hurt cost no more than others and stay whole', () => {
  const started = performance.now()
  const hostile = [
    '['.repeat(1_900),
    '[[[[[x]'.repeat(280),
    `main${'.func1'.repeat(300)}x`,
    `a${'·1'.repeat(900)}x`,
    'x'.repeat(1_000_000),
  ]
  for (const name of hostile) assert.equal(typeof canonicalName(name), 'string')
  assert.equal(canonicalName('main.F[[int'), 'main.F[[int')
  assert.equal(canonicalName('main.F[map[string][]int].func1'), 'main.F')
  assert.ok(performance.now() - started < 500)
})

const poll = [
  'internal/poll.runtime_pollWait',
  'internal/poll.(*pollDesc).wait',
  'internal/poll.(*FD).Read',
  'net.(*netFD).Read',
  'net.(*conn).Read',
]

test('an HTTP/1 connection between requests is idle; one that reads a body or waits in a handler is not', () => {
  const between = [
    ...poll,
    'net/http.(*connReader).Read',
    'bufio.(*Reader).fill',
    'bufio.(*Reader).Peek',
    'net/http.(*conn).serve',
    'net/http.(*Server).Serve.gowrap3',
  ]
  assert.equal(matchIdle({ waitReason: 'IO wait', functions: between })?.id, 'net-http-server-keepalive')
  const body = [
    ...poll,
    'net/http.(*connReader).Read',
    'bufio.(*Reader).Read',
    'io.(*LimitedReader).Read',
    'net/http.(*body).readLocked',
    'net/http.(*body).Read',
    'io.ReadAll',
    'main.handle',
    'net/http.HandlerFunc.ServeHTTP',
    'net/http.serverHandler.ServeHTTP',
    'net/http.(*conn).serve',
  ]
  assert.equal(matchIdle({ waitReason: 'IO wait', functions: body, createdBy: 'net/http.(*Server).Serve' }), undefined)
  const peekInHandler = [
    ...poll,
    'bufio.(*Reader).fill',
    'bufio.(*Reader).Peek',
    'main.handle',
    'net/http.(*conn).serve',
  ]
  assert.equal(
    matchIdle({ waitReason: 'IO wait', functions: peekInHandler, createdBy: 'net/http.(*Server).Serve' }),
    undefined,
  )
})

test('a connection wrapped by code we do not know is still the connection', () => {
  const wrapped = [...poll, 'example.com/mux.(*Conn).Read', 'bufio.(*Reader).Peek', 'net/http.(*conn).serve']
  assert.equal(matchIdle({ waitReason: 'IO wait', functions: wrapped })?.id, 'net-http-server-keepalive')
})

test('a client that waits for a response, or a read loop that waits for its caller, is not idle', () => {
  assert.equal(
    matchIdle({
      waitReason: 'select',
      functions: ['net/http.(*persistConn).roundTrip', 'net/http.(*Transport).roundTrip', 'main.main'],
    }),
    undefined,
  )
  assert.equal(
    matchIdle({
      waitReason: 'select',
      functions: ['net/http.(*persistConn).readLoop'],
      createdBy: 'net/http.(*Transport).dialConn',
    }),
    undefined,
  )
  assert.equal(
    matchIdle({
      waitReason: 'select',
      functions: ['database/sql.(*DB).conn', 'database/sql.(*DB).query', 'main.list'],
      createdBy: 'main.main',
    }),
    undefined,
  )
})

test('a row does not apply when the function it names is waiting in something it called', () => {
  const functions = ['sync.runtime_SemacquireMutex', 'main.hook', 'database/sql.(*DB).connectionOpener']
  assert.equal(matchIdle({ waitReason: 'select', functions, createdBy: 'database/sql.OpenDB' }), undefined)
})

test('the most specific row wins, alternatives and wildcards match, `...` spans anything, notFrames exclude', () => {
  const source = { module: 'm', file: 'f', function: 'g', versions: '1' }
  const base = { summary: '', reasons: ['select'], strength: 'named' as const, source }
  const index = indexPatterns([
    { ...base, id: 'short', frames: ['m.leaf'] },
    { ...base, id: 'long', frames: ['m.leaf', 'm.(*T).*|m.other'], notFrames: ['m.bad'] },
    { ...base, id: 'gap', frames: ['m.start', '...', 'm.end'] },
    { ...base, id: 'created', frames: ['m.start'], createdBy: 'm.New' },
  ])
  const find = (functions: readonly string[], createdBy?: string) =>
    findPattern(index, { waitReason: 'select', functions, ...(createdBy === undefined ? {} : { createdBy }) })?.id
  assert.equal(find(['m.leaf']), 'short')
  assert.equal(find(['m.leaf', 'm.(*T).run']), 'long')
  assert.equal(find(['m.leaf', 'm.other.func1']), 'long')
  assert.equal(find(['m.leaf', 'm.other', 'm.bad']), 'short')
  assert.equal(find(['m.leaf', 'x.user', 'm.other']), 'short')
  assert.equal(find(['m.start', 'x.a', 'x.b', 'm.end']), 'gap')
  assert.equal(find(['m.start', 'x.a'], 'm.New'), 'created')
  assert.equal(find(['m.start', 'x.a']), undefined)
  assert.equal(find([]), undefined)
})

test('every row is whole: unique id, reasons, frames in canonical form, a source', () => {
  const ids = new Set<string>()
  for (const row of idlePatterns) {
    assert.match(row.id, /^[a-z0-9]+(-[a-z0-9]+)*$/)
    assert.ok(!ids.has(row.id), `twice: ${row.id}`)
    ids.add(row.id)
    assert.ok(row.reasons.length > 0 && row.frames.length > 0 && row.frames[0] !== '...', row.id)
    for (const frame of row.frames) {
      for (const name of frame.split('|')) assert.equal(canonicalName(name), name, row.id)
    }
    for (const part of Object.values(row.source)) assert.notEqual(part, '', row.id)
  }
})
