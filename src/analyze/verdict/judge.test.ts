/** The verdict table on drawn goroutines: what each rule says, what comes near and is not, and what one dump cannot say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GoroutineGroup } from '../../model/diagnosis.ts'
import type { EvidenceSet } from '../../model/evidence.ts'
import type { Lens } from '../../model/lens.ts'
import { diagnoseEvidence } from '../diagnose.ts'
import { draw, drawDumps } from '../testing/draw-dumps.ts'

const recv = '[chan receive] main.(*S).consume(0xc000000) < main.serve@900'
const send = '[chan send] main.ask.func1() < main.ask@900'
const lock = '[sync.Mutex.Lock] internal/sync.(*Mutex).lockSlow(0xc000010) / main.(*S).get(0xc000000) < main.serve@1'
const main = '[select] main.main()'
const times = '0  1  3'

function groupOf(evidence: EvidenceSet, userFunction: string, without: readonly Lens[] = []): GoroutineGroup {
  const { groups } = diagnoseEvidence(evidence, { without }).data.goroutines
  const found = groups.find((group) => group.userFunction === userFunction)
  assert.ok(found, `no group ${userFunction} in ${groups.map((group) => group.userFunction).join()}`)
  return found
}

test('a goroutine that the leak dump marks is leaked for certain, and not without that lens', () => {
  const legend = { m: main, s: send, L: send.replace('send]', 'send (leaked)]') }
  const leakDumps = drawDumps('3\n1 m\n7 L', legend)
  const evidence = draw(`${times}\n1 m m m\n7 s s s`, legend, { leakDumps })
  const proven = groupOf(evidence, 'main.ask.func1')
  assert.equal(proven.verdict, 'leaked')
  assert.equal(proven.confidence, 'certain')
  assert.ok(proven.seenBy.includes('goroutineleak'))
  const withheld = groupOf(evidence, 'main.ask.func1', ['goroutineleak'])
  assert.equal(withheld.verdict, 'stuck')
  assert.equal(withheld.confidence, 'possible')
  assert.ok(!withheld.seenBy.includes('goroutineleak'))
})

test('a mark that an earlier run of the detector left in an ordinary dump is proof, and is ignored without the lens', () => {
  const legend = { L: '[chan send (leaked)] main.ask.func1() < main.ask@900' }
  const evidence = draw(`${times}\n7 L L L`, legend)
  assert.equal(groupOf(evidence, 'main.ask.func1').verdict, 'leaked')
  assert.equal(groupOf(evidence, 'main.ask.func1', ['goroutineleak']).verdict, 'stuck')
})

test('members that are proven and members that are not stand in two groups', () => {
  const legend = { s: send, L: send.replace('send]', 'send (leaked)]') }
  const leakDumps = drawDumps('3\n7 L\n8 s', legend)
  const { groups } = diagnoseEvidence(draw(`${times}\n7..8 s s s`, legend, { leakDumps })).data.goroutines
  assert.deepEqual(
    groups.map(({ verdict, goroutineIds }) => [verdict, goroutineIds]),
    [
      ['leaked', [7]],
      ['unknown', [8]],
    ],
  )
})

test('a receive from a nil channel is stuck for certain, from one dump too', () => {
  const group = groupOf(draw('0\n7 n', { n: '[chan receive (nil chan)] main.f() < main.main@1' }), 'main.f')
  assert.deepEqual([group.verdict, group.confidence], ['stuck', 'certain'])
})

test('select{} of main keeps the process alive and is idle; anywhere else it is stuck', () => {
  const evidence = draw('0\n1 m\n7 s', {
    m: '[select (no cases)] main.main()',
    s: '[select (no cases)] main.hang() < main.main@1',
  })
  assert.equal(groupOf(evidence, 'main.main').verdict, 'idle')
  assert.equal(groupOf(evidence, 'main.hang').verdict, 'stuck')
})

test('a receiver that never moved may be stuck or an idle worker, and the sentence says so', () => {
  const group = groupOf(draw(`${times}\n7 r r r`, { r: recv }), 'main.(*S).consume')
  assert.deepEqual([group.verdict, group.confidence], ['stuck', 'possible'])
  assert.match(group.why, /cannot tell a leaked receiver from a worker whose queue is empty/)
})

test('the same receiver is idle, possibly, when the leak detector ran and did not flag it', () => {
  const leakDumps = drawDumps('3\n7 r', { r: recv })
  const group = groupOf(draw(`${times}\n7 r r r`, { r: recv }, { leakDumps }), 'main.(*S).consume')
  assert.deepEqual([group.verdict, group.confidence], ['idle', 'possible'])
})

test('goroutines that come and go at one place are busy, not stuck', () => {
  const group = groupOf(draw(`${times}\n7 r . .\n8 . r .\n9 . . r`, { r: recv }), 'main.(*S).consume')
  assert.equal(group.verdict, 'busy')
})

test('with one dump nothing is above possible, and the sentence says that there is one', () => {
  const group = groupOf(draw('0\n7..30 s', { s: send }), 'main.ask.func1')
  assert.deepEqual([group.verdict, group.confidence], ['stuck', 'possible'])
  assert.match(group.why, /only one dump/)
  assert.equal(group.waitNs, undefined)
})

test('a goroutine whose leaf arguments changed has moved: its stay starts anew', () => {
  const legend = { a: lock, b: lock.replaceAll('0xc0000', '0xd0000') }
  const group = groupOf(draw(`${times}\n7 a b b`, legend), 'main.(*S).get')
  assert.deepEqual(group.waitNs, { min: 2e9, max: 2e9 })
})

test('a doubtful word may be a stale register: it does not count as movement', () => {
  const legend = { a: '[select] main.w(0x1?) < main.m@1', b: '[select] main.w(0x2?) < main.m@1' }
  assert.deepEqual(groupOf(draw(`${times}\n7 a b a`, legend), 'main.w').waitNs, { min: 3e9, max: 3e9 })
})

test('senders that pile up and never leave while their makers have ended are probably leaked', () => {
  const picture = `${times}\n10..19 s s s\n20..24 . s s\n25..29 . . s`
  const group = groupOf(draw(picture, { s: send }), 'main.ask.func1')
  assert.deepEqual([group.verdict, group.confidence], ['leaked', 'probable'])
  assert.deepEqual(group.growth, { first: 10, last: 20 })
})

test('many senders that stand still without growth may wait on a semaphore: stuck, but only possibly', () => {
  const semaphore = '[chan send] main.(*Pool).acquire(0x1) / main.job.func1() < main.job@900'
  const group = groupOf(draw(`${times}\n10..40 s s s`, { s: semaphore }), 'main.(*Pool).acquire')
  assert.deepEqual([group.verdict, group.confidence], ['stuck', 'possible'])
  assert.match(group.why, /only slow, as on a full semaphore whose holders work/)
})

test('a lock whose waiters all stood still, with nobody at work on its object, is stuck', () => {
  const group = groupOf(draw(`${times}\n7..9 L L L`, { L: lock }), 'main.(*S).get')
  assert.deepEqual([group.verdict, group.confidence, group.waitsOn], ['stuck', 'probable', '0xc000010'])
})

test('a lock held by a method of the same object that waits for the network is slow, and names the holder', () => {
  const holder =
    '[IO wait] internal/poll.(*FD).Read(0x1) / net.(*conn).Read(0x2) / main.(*S).refresh(0xc000000) < main.serve@1'
  const evidence = draw(`${times}\n7..9 L L L\n5 h h h`, { L: lock, h: holder })
  const group = groupOf(evidence, 'main.(*S).get')
  assert.equal(group.verdict, 'slow')
  assert.equal(group.blockedBy?.group, groupOf(evidence, 'main.(*S).refresh').id)
})

test('a method of another object is no holder', () => {
  const other = '[IO wait] internal/poll.(*FD).Read(0x1) / main.(*S).refresh(0xd000000) < main.serve@1'
  assert.equal(groupOf(draw(`${times}\n7 L L L\n5 h h h`, { L: lock, h: other }), 'main.(*S).get').blockedBy, undefined)
})

test('a lock that moves is slow or busy, never stuck', () => {
  const group = groupOf(draw(`${times}\n7 L . .\n8 L L .\n9 . L L\n10 . . L`, { L: lock }), 'main.(*S).get')
  assert.ok(['slow', 'busy'].includes(group.verdict), group.verdict)
})

test('a lock that one of many waiters got is slow, however long the queue stands', () => {
  const group = groupOf(draw(`${times}\n7 L . L\n8..16 L L L`, { L: lock }), 'main.(*S).get')
  assert.equal(group.verdict, 'slow')
  assert.match(group.why, /the lock moves/)
})

test('two goroutines that wait for each other’s locks are a cycle', () => {
  const legend = {
    a: '[sync.Mutex.Lock] internal/sync.(*Mutex).lockSlow(0xb000008) / main.(*B).touch(0xb000000) / main.(*A).run(0xa000000) < main.main@1',
    b: '[sync.Mutex.Lock] internal/sync.(*Mutex).lockSlow(0xa000008) / main.(*A).touch(0xa000000) / main.(*B).run(0xb000000) < main.main@1',
  }
  const group = groupOf(draw(`${times}\n7 a a a\n8 b b b`, legend), 'main.(*A).touch')
  assert.deepEqual([group.verdict, group.confidence], ['stuck', 'probable'])
  assert.match(group.why, /lock-order cycle/)
})

test('two goroutines that wait for one lock are no cycle', () => {
  const diagnosis = diagnoseEvidence(draw(`${times}\n7..8 L L L`, { L: lock }))
  assert.deepEqual(
    diagnosis.findings.filter(({ rule }) => rule === 'lock-order-cycle'),
    [],
  )
})

test('a WaitGroup waiter whose own children stand still names them', () => {
  const legend = {
    w: '[sync.WaitGroup.Wait] sync.(*WaitGroup).Wait(0xc000100) / main.join() < main.main@1',
    c: '[chan send] main.child() < main.join@7',
  }
  const evidence = draw(`${times}\n7 w w w\n8..10 c c c`, legend)
  const group = groupOf(evidence, 'main.join')
  assert.equal(group.verdict, 'stuck')
  assert.equal(group.blockedBy?.group, groupOf(evidence, 'main.child').id)
})

test('waiting for a pooled connection is slow, not stuck', () => {
  const wait = '[select] database/sql.(*DB).conn(0x1) / main.query() < net/http.(*Server).Serve@1'
  assert.equal(groupOf(draw(`${times}\n7..9 p p p`, { p: wait }), 'main.query').verdict, 'slow')
})

test('a request to pprof is there because someone looks: idle', () => {
  const probe = '[running] runtime/pprof.writeGoroutineStacks() / net/http/pprof.Index() < net/http.(*Server).Serve@1'
  const evidence = draw(`${times}\n7 p . .\n8 . p .\n9 . . p`, { p: probe })
  const { groups } = diagnoseEvidence(evidence).data.goroutines
  assert.deepEqual(
    groups.map(({ verdict, pattern }) => [verdict, pattern]),
    [['idle', 'profiling-request']],
  )
})

test('one of the first goroutines of an old process, alone of its kind, is rather a service than a leak', () => {
  const legend = { r: recv, x: '[running] main.x() < main.main@1' }
  const group = groupOf(draw(`${times}\n7 r r r\n90000 x x x`, legend), 'main.(*S).consume')
  assert.deepEqual([group.verdict, group.pattern], ['idle', 'started-with-the-process'])
})

test('a few receivers that main started, or that were there before the listener, look like services; many do not', () => {
  const legend = {
    w: '[chan receive] main.(*P).work() < main.main@1',
    k: '[chan receive] main.(*S).consume() < main.New@1',
    l: '[IO wait] internal/poll.(*FD).Accept(0x1) / net.(*TCPListener).Accept() / net/http.(*Server).Serve() < main.main@1',
  }
  const few = draw(`${times}\n5..8 w w w\n9 k k k\n10 l l l`, legend)
  assert.deepEqual(groupOf(few, 'main.(*P).work').pattern, 'started-by-main')
  assert.deepEqual(groupOf(few, 'main.(*S).consume').pattern, 'started-before-the-listener')
  const after = draw(`${times}\n10 l l l\n20 k k k\n30..60 w w w`, legend)
  assert.equal(groupOf(after, 'main.(*S).consume').verdict, 'stuck')
  assert.equal(groupOf(after, 'main.(*P).work').verdict, 'stuck')
})

test('a connection that is runnable between two requests is on its way to an idle wait; one in a handler is busy', () => {
  const legend = {
    k: '[runnable] net/http.(*connReader).Read() / net/http.(*conn).serve() < net/http.(*Server).Serve@1',
    h: '[runnable] main.handle() / net/http.HandlerFunc.ServeHTTP() / net/http.(*conn).serve() < net/http.(*Server).Serve@1',
  }
  const evidence = draw(`${times}\n7 . . k\n8 . . h`, legend)
  assert.equal(groupOf(evidence, 'net/http.(*connReader).Read').verdict, 'idle')
  assert.equal(groupOf(evidence, 'main.handle').verdict, 'busy')
})

test('siblings that move say that a pool works; two of a hundred and more that leave do not', () => {
  const pool = draw(`${times}\n3000..3009 r r r\n3010 r . .\n3011 . r .`, { r: recv })
  assert.equal(groupOf(pool, 'main.(*S).consume').pattern, 'siblings-move')
  const pile = draw(`${times}\n3000..3199 r r r\n4000 r . .\n4001 . r .`, { r: recv })
  assert.equal(groupOf(pile, 'main.(*S).consume').verdict, 'stuck')
})

test('an unknown wait reason is kept, unknown, and an issue', () => {
  const diagnosis = diagnoseEvidence(draw(`${times}\n7 z z z`, { z: '[waiting for godot] main.f() < main.main@1' }))
  const [group] = diagnosis.data.goroutines.groups
  assert.deepEqual([group?.verdict, group?.waitReason], ['unknown', 'waiting for godot'])
  assert.ok(diagnosis.issues.some(({ code }) => code === 'SL_ANALYZE_UNKNOWN_WAIT_REASON'))
  assert.equal(diagnosis.data.verdict.grade, 'inconclusive')
})

test('a goroutine in epoll_wait is an event loop, inferred; another system call that does not return is slow', () => {
  const epoll = '[syscall] syscall.Syscall6() / golang.org/x/sys/unix.EpollWait() / main.(*C).start() < main.New@1'
  const loop = groupOf(draw(`${times}\n7 e e e`, { e: epoll }), 'main.(*C).start')
  assert.deepEqual([loop.verdict, loop.confidence, loop.pattern], ['idle', 'possible', 'event-loop'])
  const lock = epoll.replace('EpollWait', 'Flock')
  assert.equal(groupOf(draw(`${times}\n7 f f f`, { f: lock }), 'main.(*C).start').verdict, 'slow')
})
