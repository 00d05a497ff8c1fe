/** Which goroutines an event moves, and how: one row of each kind that does, by what its row says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TraceChunk } from '../../model/trace.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { advanceMoment, type GoroutineMoves, openMoment, readMove, stopCauseOf } from './goroutine-moves.ts'

/** A row of goroutine 7 on thread 3 and processor 1, with arguments 11, 12, 13, 14. */
function rowOf(type: number, args: readonly number[] = [11, 12, 13, 14]): TraceChunk {
  const one = (value: number | undefined) => Float64Array.of(value ?? 0)
  return {
    rowCount: 1,
    kinds: Uint8Array.of(type),
    timesNs: one(5),
    threads: one(3),
    processorsPlusOne: Uint32Array.of(2),
    goroutines: one(7),
    arg0: one(args[0]),
    arg1: one(args[1]),
    arg2: one(args[2]),
    arg3: one(args[3]),
    generations: Uint32Array.of(1),
  }
}

function movesOf(chunk: TraceChunk): readonly unknown[] {
  const said: unknown[] = []
  const say =
    (name: string) =>
    (...args: readonly unknown[]) => {
      said.push(name, ...args)
    }
  const moves: GoroutineMoves = {
    start: say('start'),
    unblock: say('unblock'),
    stop: say('stop'),
    endSyscall: say('endSyscall'),
    create: say('create'),
    end: say('end'),
    switchTo: say('switchTo'),
    tell: say('tell'),
  }
  assert.equal(readMove(chunk, 0, moves), said.length > 0)
  return said
}

test('every kind that moves goroutines says whom, into which state, by whom and where', () => {
  const said = Object.entries({
    GoStart: ['start', 11, 2],
    GoUnblock: ['unblock', 11, 7, 13],
    GoBlock: ['stop', 7, 4, 11, 12],
    GoStop: ['stop', 7, 2, 11, 12],
    GoSyscallBegin: ['stop', 7, 5, 0, 12],
    GoSyscallEnd: ['endSyscall', 7, false, 2],
    GoSyscallEndBlocked: ['endSyscall', 7, true, 2],
    GoCreate: ['create', 11, 2, 7, 12, 13],
    GoCreateBlocked: ['create', 11, 4, 7, 12, 13],
    GoCreateSyscall: ['create', 11, 5, 0, 0, 0],
    GoDestroy: ['end', 7],
    GoDestroySyscall: ['end', 7],
    GoSwitch: ['switchTo', 11, 7, false, 2],
    GoSwitchDestroy: ['switchTo', 11, 7, true, 2],
  } as const)
  for (const [name, expected] of said) {
    assert.deepEqual(movesOf(rowOf(kind[name as keyof typeof kind])), expected, name)
  }
})

test('a status says the state, with a processor only where the thread is its own; an unknown one says nothing', () => {
  assert.deepEqual(movesOf(rowOf(kind.GoStatus, [11, 3, 2, 99])), ['tell', 11, 3, 0, 2])
  assert.deepEqual(movesOf(rowOf(kind.GoStatusStack, [11, 4, 4, 99])), ['tell', 11, 4, 99, 0])
  const chunk = rowOf(kind.GoStatus, [11, 3, 9])
  assert.equal(readMove(chunk, 0, {} as GoroutineMoves), true)
})

test('other events move nobody', () => {
  for (const type of [kind.ProcStart, kind.GCBegin, kind.UserLog, kind.HeapAlloc]) {
    assert.deepEqual(movesOf(rowOf(type)), [])
  }
})

test('a generation begins with its first row, the first one with the trace', () => {
  const moment = openMoment()
  advanceMoment(moment, 40, 1)
  assert.deepEqual(moment, { nowNs: 40, lastNs: 40, generation: 1, generationStartNs: 0 })
  advanceMoment(moment, 30, 1)
  advanceMoment(moment, 35, 2)
  assert.deepEqual(moment, { nowNs: 35, lastNs: 40, generation: 2, generationStartNs: 35 })
})

test('why a stopped goroutine is runnable goes by the reason', () => {
  assert.deepEqual(['preempted', 'runtime.Gosched', 'GC'].map(stopCauseOf), ['preempted', 'yielded', 'other stop'])
})
