import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Lens, type LensState, lenses } from '../../model/lens.ts'
import {
  findTraceWaitKind,
  findWaitKind,
  getWaitKind,
  isInSpan,
  lensVisibility,
  readMinor,
  recordableBy,
  recordableWhileItLasts,
} from './visibility.ts'

const mutexFrames = ['internal/sync.runtime_SemacquireMutex', 'internal/sync.(*Mutex).lockSlow', 'sync.(*Mutex).Lock']

function allStates(state: LensState, except: Partial<Record<Lens, LensState>> = {}): Record<Lens, LensState> {
  const states = Object.fromEntries(lenses.map((lens) => [lens, state])) as Record<Lens, LensState>
  return { ...states, ...except }
}

test('the stack tells a Once, a queue of writers and a plain mutex apart where the dump has one word', () => {
  const find = (...frames: string[]) => findWaitKind({ reason: 'sync.Mutex.Lock', frames })?.id
  assert.equal(find(...mutexFrames, 'main.f'), 'mutex')
  assert.equal(find(...mutexFrames, 'sync.(*Once).doSlow', 'sync.(*Once).Do'), 'once')
  assert.equal(find(...mutexFrames, 'sync.(*RWMutex).Lock'), 'rwmutex-lock-writer')
  assert.equal(find(), 'mutex')
})

test('what Go called semacquire before 1.20 and 1.24 is found by its stack', () => {
  const find = (goVersion: string, ...frames: string[]) => findWaitKind({ reason: 'semacquire', frames, goVersion })?.id
  assert.equal(find('go1.19.8', 'sync.runtime_SemacquireMutex', 'sync.(*Mutex).lockSlow', 'main.f'), 'mutex')
  assert.equal(find('go1.19.8', 'sync.runtime_SemacquireMutex', 'sync.(*RWMutex).RLock', 'main.f'), 'rwmutex-rlock')
  assert.equal(find('go1.23.1', 'sync.runtime_Semacquire', 'sync.(*WaitGroup).Wait', 'main.f'), 'waitgroup')
  assert.equal(find('go1.27.3', 'gvisor.dev/gvisor/pkg/sync.Semacquire', 'main.f'), 'runtime-semaphore')
  assert.equal(find('go1.27.3', 'sync.runtime_Semacquire', 'gvisor.dev/gvisor/pkg/sync.f'), 'user-semaphore')
  assert.equal(find('go1.27.3', 'main.allocate'), 'runtime-semaphore')
})

test('a durable wait is found with the mark in the word or beside it', () => {
  assert.equal(findWaitKind({ reason: 'chan receive (durable)' })?.id, 'synctest-chan-receive')
  assert.equal(findWaitKind({ reason: 'chan receive', isDurable: true })?.id, 'synctest-chan-receive')
  assert.equal(findWaitKind({ reason: 'sleep', isDurable: true })?.id, 'sleep')
})

test('a word without a row gives no kind', () => {
  assert.equal(findWaitKind({ reason: 'quantum wait' }), undefined)
  assert.equal(findWaitKind({ reason: 'waiting' }), undefined)
  assert.equal(findTraceWaitKind({ state: 'Waiting', reason: 'quantum wait' }), undefined)
  assert.equal(findTraceWaitKind({ state: 'Waiting', reason: '' }), undefined)
})

test('a stuck mutex is shown by the dump and by nothing that profiles', () => {
  const states = allStates('on', { trace: 'off', goroutineleak: 'absent', spans: 'absent', logs: 'absent' })
  assert.deepEqual(lensVisibility(getWaitKind('mutex'), states), {
    seenBy: ['goroutine'],
    notSeenBy: ['cpu', 'block', 'mutex', 'heap', 'trace', 'metrics'],
    afterwardsBy: ['block', 'mutex'],
    wouldBeSeenBy: ['goroutineleak', 'trace'],
  })
})

test('the leak profile sees what it flagged, and only that', () => {
  const kind = getWaitKind('nil-chan-receive')
  assert.ok(lensVisibility(kind, allStates('on'), { isFlagged: true }).seenBy.includes('goroutineleak'))
  assert.ok(lensVisibility(kind, allStates('on'), { isFlagged: false }).notSeenBy.includes('goroutineleak'))
  assert.ok(lensVisibility(kind, allStates('on')).notSeenBy.includes('goroutineleak'))
})

test('a lens that is absent is in neither list, one that is off sees nothing', () => {
  const found = lensVisibility(getWaitKind('sleep'), allStates('absent', { goroutine: 'off' }))
  assert.deepEqual(found, {
    seenBy: [],
    notSeenBy: ['goroutine'],
    afterwardsBy: [],
    wouldBeSeenBy: ['goroutine', 'trace'],
  })
})

test('without a kind only the dump is known to show the wait', () => {
  assert.deepEqual(lensVisibility(undefined, allStates('on')), {
    seenBy: ['goroutine'],
    notSeenBy: [],
    afterwardsBy: [],
    wouldBeSeenBy: [],
  })
})

test('a lock can be recorded by block and mutex, but not before it ends', () => {
  const kind = getWaitKind('mutex')
  assert.ok(kind !== undefined)
  assert.deepEqual(recordableBy(kind), ['block', 'mutex'])
  assert.deepEqual(recordableWhileItLasts(kind), [])
})

test('what runs is recorded by the CPU profile while it lasts, what sleeps by none', () => {
  const [running, sleep] = [getWaitKind('running'), getWaitKind('sleep')]
  assert.ok(running !== undefined && sleep !== undefined)
  assert.deepEqual(recordableWhileItLasts(running), ['cpu'])
  assert.deepEqual(recordableBy(sleep), [])
})

test('a trace state is found by its reason and stack', () => {
  const find = (reason: string, ...frames: string[]) =>
    findTraceWaitKind({ state: 'Waiting', reason, from: 'Running', frames, goVersion: 'go1.27.3' })?.id
  assert.equal(find('sync', 'sync.(*Mutex).Lock', 'main.f'), 'mutex')
  assert.equal(find('sync', 'runtime.stopTheWorld', 'main.f'), 'runtime-semaphore')
  assert.equal(find('network', 'internal/poll.(*FD).Read', 'os.(*File).read', 'main.f'), 'pipe')
  assert.equal(find('forever', 'runtime.block', 'main.f'), 'empty-select')
  assert.equal(find(''), 'coroutine')
  assert.equal(findTraceWaitKind({ state: 'Runnable', reason: 'preempted' })?.id, 'runnable')
  assert.equal(findTraceWaitKind({ state: 'Syscall', reason: '' })?.id, 'syscall')
})

test('versions are read in every form Go gives them, and unknown ones span everything', () => {
  assert.equal(readMinor('go1.27.3'), 27)
  assert.equal(readMinor('1.14'), 14)
  assert.equal(readMinor('devel go1.28-abcdef Mon Jan 1'), 28)
  assert.equal(readMinor('go1.27rc1'), 27)
  assert.equal(readMinor('gccgo 13'), undefined)
  assert.equal(readMinor(undefined), undefined)
  assert.equal(isInSpan(undefined, { sinceGo: '1.20' }), true)
  assert.equal(isInSpan(19, { sinceGo: '1.20' }), false)
  assert.equal(isInSpan(24, { sinceGo: '1.24', untilGo: '1.24' }), true)
})
