import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EvidenceSet } from '../../model/evidence.ts'
import type { TraceActivity } from '../../model/trace-activity.ts'
import { diagnoseEvidence } from '../diagnose.ts'
import { draw } from '../testing/draw-dumps.ts'

/** The evidence with a trace in which these goroutines moved so often; others of the last dump stood still. */
function withTrace(evidence: EvidenceSet, moved: Readonly<Record<number, number>>, isComplete = true): EvidenceSet {
  const ids = evidence.dumps.at(-1)?.dump.ids ?? new Float64Array()
  const activity: TraceActivity = {
    format: 26,
    durationNs: 1e9,
    isComplete,
    goroutineIds: ids,
    seen: new Uint8Array(ids.length).fill(1),
    moves: Uint32Array.from(ids, (id) => moved[id] ?? 0),
    ended: new Uint8Array(ids.length),
  }
  return { ...evidence, trace: { source: 'trace.bin', sizeBytes: 1, activity } }
}

function judgeFirst(evidence: EvidenceSet) {
  const group = diagnoseEvidence(evidence).data.goroutines.groups.find(({ topFunction }) => topFunction === 'main.take')
  assert.ok(group !== undefined)
  return group
}

const receivers = draw(`      0  1  3\n 7..12    t  t  t`, { t: '[chan receive] main.take(0xc000) < main.serve@1' })
const senders = draw(
  `      0  1  3
   1      m  m  m
   7..12  t  t  t`,
  { m: '[select] main.serve() / main.main()', t: '[chan send] main.take(0xc000) < main.serve@1' },
)

test('receivers that stand still in the dumps, but of which some ran in the trace, look like workers', () => {
  const group = judgeFirst(withTrace(receivers, { 8: 2 }))
  assert.equal(group.verdict, 'idle')
  assert.match(group.why, /1 of them ran while the execution trace was on/)
})

test('senders of which some ran in the trace are slow: their wait does end', () => {
  assert.equal(judgeFirst(withTrace(senders, { 8: 1 })).verdict, 'slow')
})

test('what stood still in the trace too is said to have, and stays possible', () => {
  const group = judgeFirst(withTrace(senders, {}))
  assert.equal(group.verdict, 'stuck')
  assert.equal(group.confidence, 'possible')
  assert.match(group.why, /nor while the execution trace was on/)
})

test('a trace that was cut proves no stillness', () => {
  assert.doesNotMatch(judgeFirst(withTrace(senders, {}, false)).why, /execution trace/)
})

test('one dump and a trace are not inconclusive, one dump alone is', () => {
  const one = draw(`      0\n 7..12    t`, { t: '[chan send] main.take(0xc000) < main.serve@1' })
  assert.equal(diagnoseEvidence(one).data.verdict.grade, 'inconclusive')
  assert.notEqual(diagnoseEvidence(withTrace(one, {})).data.verdict.grade, 'inconclusive')
})

test('sleepers and readers of which some ran in the trace are busy, not slow; without a trace nobody knows', () => {
  const waits = {
    sleep: '[sleep] time.Sleep() / main.take(0xc000)',
    net: '[IO wait] internal/poll.runtime_pollWait() / main.take(0xc000)',
  }
  for (const wait of Object.values(waits)) {
    const evidence = draw(`0 1 3\n7..12 w w w`, { w: `${wait} < main.serve@1` })
    const find = (given: EvidenceSet) =>
      diagnoseEvidence(given).data.goroutines.groups.find(({ userFunction }) => userFunction === 'main.take')?.verdict
    assert.equal(find(withTrace(evidence, { 8: 2 })), 'busy')
    assert.equal(find(withTrace(evidence, {})), 'slow')
    assert.equal(find(evidence), 'slow')
  }
})

test('with one dump a trace still tells what moves from what stands still', () => {
  const waits = {
    net: '[IO wait] internal/poll.runtime_pollWait() / main.take(0xc000) < main.serve@1',
    send: '[chan send] main.take(0xc000) < main.serve@1',
    receive: '[chan receive] main.take(0xc000) < main.serve@1',
  }
  const judge = (wait: string, moved?: Readonly<Record<number, number>>) => {
    const one = draw(`0\n7..12 w`, { w: wait })
    const given = moved === undefined ? one : withTrace(one, moved)
    const group = diagnoseEvidence(given).data.goroutines.groups.find(
      ({ userFunction }) => userFunction === 'main.take',
    )
    return [group?.verdict, /only one dump/.test(group?.why ?? '')]
  }
  assert.deepEqual(
    [judge(waits.net), judge(waits.send)],
    [
      ['slow', true],
      ['stuck', true],
    ],
  )
  assert.deepEqual(
    [judge(waits.net, { 8: 1 }), judge(waits.net, {})],
    [
      ['busy', false],
      ['slow', false],
    ],
  )
  assert.deepEqual(
    [judge(waits.send, { 8: 1 }), judge(waits.send, {})],
    [
      ['slow', false],
      ['stuck', false],
    ],
  )
  assert.deepEqual(judge(waits.receive, { 8: 1 }), ['idle', false])
})
