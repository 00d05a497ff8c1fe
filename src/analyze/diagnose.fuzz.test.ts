/** Whatever is drawn: no throw, ratios in [0, 1], every goroutine of the last dump in exactly one group, evidence for all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lenses } from '../model/lens.ts'
import { diagnoseEvidence } from './diagnose.ts'
import { draw } from './testing/draw-dumps.ts'

const legend: Readonly<Record<string, string>> = {
  a: '[chan receive] main.a(0xc000) < main.main@1',
  b: '[chan send (leaked)] main.b(0xc000) < main.a@7',
  c: '[sync.Mutex.Lock] internal/sync.(*Mutex).lockSlow(0xa008) / main.(*A).x(0xa000) / main.(*B).y(0xb000) < main.main@1',
  d: '[sync.Mutex.Lock] internal/sync.(*Mutex).lockSlow(0xb008) / main.(*B).x(0xb000) / main.(*A).y(0xa000) < main.a@3',
  e: '[IO wait] internal/poll.(*FD).Read(0x1) / main.(*A).z(0xa000) < net/http.(*Server).Serve@2',
  f: '[running] main.f() < main.main@1',
  g: '[] < x',
  h: '[sync.WaitGroup.Wait] sync.(*WaitGroup).Wait(0xd000) / main.w() < main.main@1',
  i: '[semacquire] sync.runtime_SemacquireMutex(0xa004?, 0x0) / sync.(*Mutex).lockSlow(0xa008) / main.(*A).x(0xa000) < main.main@1',
  j: '[select] database/sql.(*DB).conn(0x1) / main.q() < main.main@1',
  k: '[GC worker (idle)] runtime.gopark() / runtime.gcBgMarkWorker() < runtime.gcBgMarkStartWorkers@1',
  l: '[what is this] main.odd(0xffffffffffffffff, 0x0) < main.main@9007199254740991',
  m: '[select (no cases)] main.main()',
}
const letter = fc.constantFrom('.', ...Object.keys(legend))

const picture = fc
  .record({
    times: fc.constantFrom('0', '0 1', '0 1 3', '0 0 0', '3 1 0', '0 5 30'),
    rows: fc.array(fc.record({ id: fc.integer({ min: 1, max: 40 }), letters: fc.tuple(letter, letter, letter) }), {
      maxLength: 30,
    }),
  })
  .map(({ times, rows }) => {
    const width = times.split(' ').length
    const seen = new Set<number>()
    const lines = rows
      .filter(({ id }) => !seen.has(id) && seen.add(id))
      .map(({ id, letters }) => `${id} ${letters.slice(0, width).join(' ')}`)
    return [times, ...lines].join('\n')
  })

test('any dumps give a diagnosis that adds up', () => {
  fc.assert(
    fc.property(
      picture,
      fc.boolean(),
      fc.boolean(),
      fc.subarray([...lenses]),
      (text, isTimeless, isTruncated, without) => {
        const evidence = draw(text, legend, { isTimeless, isTruncated, lenses: { block: 'on', cpu: 'on' } })
        const { data, findings } = diagnoseEvidence(evidence, { without })
        for (const ratio of [data.verdict.blindRatio, data.verdict.explainedRatio, data.verdict.unknownRatio]) {
          assert.ok(ratio === undefined || (ratio >= 0 && ratio <= 1), String(ratio))
        }
        const ids = data.goroutines.groups.flatMap(({ goroutineIds }) => goroutineIds)
        assert.equal(new Set(ids).size, ids.length)
        assert.equal(ids.length, data.goroutines.count)
        const known = new Set(data.goroutines.groups.map(({ id }) => id))
        for (const group of data.goroutines.groups) {
          assert.ok(group.why.length > 0)
          assert.ok(group.blockedBy === undefined || known.has(group.blockedBy.group))
          const { min, max } = group.waitNs ?? { min: 0, max: 0 }
          assert.ok(Number.isFinite(min) && min >= 0 && min <= (max ?? min))
          if (without.includes('goroutineleak')) assert.ok(group.verdict !== 'leaked' || group.confidence !== 'certain')
          const isBad = group.verdict === 'stuck' || group.verdict === 'leaked'
          if (data.window.dumps === 1 && isBad && !group.seenBy.includes('goroutineleak')) {
            assert.ok(group.confidence === 'possible' || group.waitClass === 'forever', group.why)
          }
        }
        for (const { evidence: quoted, fingerprint } of findings) {
          assert.ok(quoted.length > 0 && quoted[0].source !== '')
          assert.match(fingerprint, /^[0-9a-f]{32}$/)
        }
        assert.equal(JSON.stringify(data), JSON.stringify(diagnoseEvidence(evidence, { without }).data))
      },
    ),
    { numRuns: 400 },
  )
})
