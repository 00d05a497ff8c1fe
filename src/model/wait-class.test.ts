import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  blockReasons,
  classifyBlockReason,
  classifyWaitReason,
  goroutineStatuses,
  waitClasses,
  waitReasons,
} from './wait-class.ts'

/** Stacks as Go 1.27.3 prints them, leaf first. */
const stacks = {
  mutex: ['internal/sync.runtime_SemacquireMutex', 'internal/sync.(*Mutex).lockSlow', 'sync.(*Mutex).Lock', 'main.f'],
  oldMutex: ['sync.runtime_SemacquireMutex', 'sync.(*Mutex).lockSlow', 'sync.(*Mutex).Lock', 'main.f'],
  oldWaitGroup: ['sync.runtime_Semacquire', 'sync.(*WaitGroup).Wait', 'main.f'],
  fdMutex: ['internal/poll.runtime_Semacquire', 'internal/poll.(*fdMutex).rwlock', 'internal/poll.(*FD).readLock'],
  hiddenRuntime: ['main.allocate', 'main.main'],
  readMemStats: ['runtime.ReadMemStats', 'main.scrape'],
  pipe: [
    'internal/poll.runtime_pollWait',
    'internal/poll.(*pollDesc).wait',
    'internal/poll.(*FD).Read',
    'os.(*File).read',
  ],
  socket: [
    'internal/poll.runtime_pollWait',
    'internal/poll.(*pollDesc).wait',
    'internal/poll.(*FD).Read',
    'net.(*netFD).Read',
  ],
}

test('every row has a class of the contract, or stands for a goroutine that does not wait', () => {
  const known = new Set<string>(waitClasses)
  for (const row of [...waitReasons, ...goroutineStatuses, ...blockReasons]) {
    if (row.waitClass !== undefined) assert.ok(known.has(row.waitClass), row.reason)
    else assert.ok(['running', 'gone'].includes('state' in row ? row.state : ''), row.reason)
  }
})

test('no word stands in a vocabulary twice', () => {
  const dump = [...waitReasons, ...goroutineStatuses].map((row) => row.reason)
  assert.equal(new Set(dump).size, dump.length)
  assert.equal(new Set(blockReasons.map((row) => row.reason)).size, blockReasons.length)
})

test('a wait reason gives its class and state', () => {
  assert.deepEqual(classifyWaitReason('select (no cases)'), {
    state: 'waiting',
    waitClass: 'forever',
    isKnown: true,
    isAmbiguous: false,
    reason: 'select (no cases)',
  })
  assert.equal(classifyWaitReason('runnable').waitClass, 'scheduler')
  assert.equal(classifyWaitReason('syscall').state, 'syscall')
})

test('a running goroutine has no wait class', () => {
  assert.deepEqual(classifyWaitReason('running'), {
    state: 'running',
    isKnown: true,
    isAmbiguous: false,
    reason: 'running',
  })
})

test('the marks that the runtime prints after a reason do not hide it', () => {
  assert.equal(classifyWaitReason('chan receive (leaked)').reason, 'chan receive')
  assert.equal(classifyWaitReason('sleep (durable)').waitClass, 'timer')
  assert.equal(classifyWaitReason('chan send (durable)').reason, 'chan send (durable)')
  assert.equal(classifyWaitReason('chan receive (nil chan) (leaked) (scan)').waitClass, 'forever')
})

test('a word that no release prints is kept, classed unknown and said to be', () => {
  for (const word of ['quantum wait', '', ' (leaked)', 'toString', '__proto__']) {
    const found = classifyWaitReason(word)
    assert.equal(found.waitClass, 'unknown', word)
    assert.equal(found.isKnown, false, word)
  }
  assert.equal(classifyWaitReason('quantum wait').reason, 'quantum wait')
})

test('semacquire is a lock under sync and internal/poll, and the runtime itself under anything else', () => {
  for (const name of ['mutex', 'oldMutex', 'oldWaitGroup', 'fdMutex'] as const) {
    assert.equal(classifyWaitReason('semacquire', stacks[name]).waitClass, 'sync', name)
  }
  for (const name of ['hiddenRuntime', 'readMemStats'] as const) {
    assert.equal(classifyWaitReason('semacquire', stacks[name]).waitClass, 'runtime', name)
  }
})

test('a caller named sync further up does not make a runtime semaphore a lock', () => {
  const frames = ['main.load', 'sync.(*Once).doSlow', 'sync.(*Once).Do', 'main.main']
  assert.equal(classifyWaitReason('semacquire', frames).waitClass, 'runtime')
})

test('semacquire without a stack is said to be ambiguous', () => {
  assert.equal(classifyWaitReason('semacquire').isAmbiguous, true)
  assert.equal(classifyWaitReason('semacquire', stacks.mutex).isAmbiguous, false)
})

test('IO wait is a pipe below os.File and the network below net', () => {
  assert.equal(classifyWaitReason('IO wait', stacks.pipe).waitClass, 'pipe')
  assert.equal(classifyWaitReason('IO wait', stacks.socket).waitClass, 'network')
  assert.equal(classifyWaitReason('IO wait').waitClass, 'network')
})

test('the sync of a trace is split by its stack as the semacquire of a dump is', () => {
  assert.equal(classifyBlockReason('sync', ['sync.(*Mutex).Lock', 'main.f']).waitClass, 'sync')
  assert.equal(classifyBlockReason('sync', ['runtime.stopTheWorld', 'runtime.ReadMemStats']).waitClass, 'runtime')
  assert.equal(classifyBlockReason('sync').isAmbiguous, true)
})

test('a wait that began before the trace is classed by its stack alone', () => {
  const of = (...frames: string[]) => classifyBlockReason('', ['runtime.gopark', ...frames]).waitClass
  assert.equal(of('runtime.chanrecv', 'runtime.chanrecv1', 'main.f'), 'chan')
  assert.equal(of('runtime.selectgo', 'main.f'), 'select')
  assert.equal(of('runtime.block', 'main.f'), 'forever')
  assert.equal(of('time.Sleep', 'main.f'), 'timer')
  assert.equal(of('runtime.goparkunlock', 'sync.runtime_notifyListWait', 'sync.(*Cond).Wait'), 'cond')
  assert.equal(of('runtime.goparkunlock', 'runtime.semacquire1', ...stacks.mutex), 'sync')
  assert.equal(of('runtime.goparkunlock', 'runtime.semacquire1', ...stacks.fdMutex), 'sync')
  assert.equal(of('runtime.netpollblock', ...stacks.pipe), 'pipe')
  assert.equal(of('runtime.netpollblock', ...stacks.socket), 'network')
  assert.equal(of('runtime.goparkunlock', 'runtime.forcegchelper'), 'system')
  assert.equal(of('main.f'), 'unknown')
  assert.equal(classifyBlockReason('').waitClass, 'unknown')
  assert.equal(classifyBlockReason('').isKnown, true)
})

test('a block reason that no trace has is kept and classed unknown', () => {
  assert.deepEqual(classifyBlockReason('waiting for godot', ['main.f']), {
    state: 'waiting',
    waitClass: 'unknown',
    isKnown: false,
    isAmbiguous: false,
    reason: 'waiting for godot',
  })
})
