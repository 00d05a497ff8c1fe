/** Each rule: a case that fires, a near miss, a case without the data it needs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '../../model/contract.ts'
import type { EvidenceSet } from '../../model/evidence.ts'
import { diagnoseEvidence } from '../diagnose.ts'
import { draw, drawDumps } from '../testing/draw-dumps.ts'
import { MAX_FINDINGS_PER_RULE } from './compare-findings.ts'
import { listRuleInfo, rules } from './registry.ts'

const times = '0  1  3'
const long = '0  1  12'

const legend = {
  s: '[chan send] main.ask.func1() < main.ask@900',
  L: '[sync.Mutex.Lock] internal/sync.(*Mutex).lockSlow(0xc000010) / main.(*S).get(0xc000000) < main.serve@1',
  h: '[IO wait] internal/poll.(*FD).Read(0x1) / main.(*S).refresh(0xc000000) < main.serve@1',
  H: '[chan receive] main.(*S).refresh(0xc000000) < main.serve@1',
  o: '[IO wait] internal/poll.(*FD).Read(0x1) / main.(*S).refresh(0xd000000) < main.serve@1',
  a: '[sync.Mutex.Lock] internal/sync.(*Mutex).lockSlow(0xb000008) / main.(*B).touch(0xb000000) / main.(*A).run(0xa000000) < main.main@1',
  b: '[sync.Mutex.Lock] internal/sync.(*Mutex).lockSlow(0xa000008) / main.(*A).touch(0xa000000) / main.(*B).run(0xb000000) < main.main@1',
  r: '[sync.Mutex.Lock] internal/sync.(*Mutex).lockSlow(0xc000010) / main.(*S).inner(0xc000000) / main.(*S).outer(0xc000000) < main.main@1',
  p: '[select] database/sql.(*DB).conn(0x1) / main.query() < net/http.(*Server).Serve@1',
  n: '[chan receive (nil chan)] main.f() < main.main@1',
  m: '[select (no cases)] main.main()',
  w: '[IO wait] internal/poll.(*FD).Read(0x1) / main.call() / net/http.HandlerFunc.ServeHTTP() < net/http.(*Server).Serve@1',
  u: '[runnable] main.spin() < main.main@1',
  x: '[running] main.compute() < main.main@1',
  d: '[IO wait] internal/poll.(*FD).Write(0x1) / main.(*log).deliver() < main.(*log).record@50',
  k: '[IO wait] internal/poll.(*FD).Read(0x1) / net/http.(*connReader).Read() / net/http.(*conn).serve() < net/http.(*Server).Serve@1',
  z: '[IO wait] internal/poll.(*FD).Read(0x1) / main.(*log).record() / net/http.(*conn).serve() < net/http.(*Server).Serve@1',
} as const

function findings(evidence: EvidenceSet, rule: string): readonly Finding[] {
  return diagnoseEvidence(evidence).findings.filter((finding) => finding.rule === rule)
}

type Case = {
  readonly rule: string
  readonly fires: EvidenceSet
  readonly nearMiss: EvidenceSet
  readonly noData: EvidenceSet
}

const one = (letter: string) => draw(`0\n7 ${letter}`, legend)
const stand = (letter: string, ids = '7') => draw(`${times}\n${ids} ${letter} ${letter} ${letter}`, legend)
const nothing = draw('0', legend)
const on = { lenses: { cpu: 'on', block: 'on', mutex: 'on' } } as const

const cases: readonly Case[] = [
  {
    rule: 'leaked-goroutines',
    fires: draw(`${times}\n7 s s s`, legend, {
      leakDumps: drawDumps('3\n7 x', { x: '[chan send (leaked)] main.ask.func1()' }),
    }),
    nearMiss: stand('s'),
    noData: nothing,
  },
  {
    rule: 'stuck-goroutines',
    fires: stand('L', '7..9'),
    nearMiss: draw(`${times}\n7 L . .\n8 . L .\n9 . . L`, legend),
    noData: nothing,
  },
  {
    rule: 'lock-order-cycle',
    fires: draw(`${times}\n7 a a a\n8 b b b`, legend),
    nearMiss: stand('a', '7..8'),
    noData: draw(`${times}\n7 a a a\n8 b b b`, strip(legend)),
  },
  {
    rule: 'self-deadlock',
    fires: stand('r'),
    nearMiss: stand('r', '7..8'),
    noData: draw(`${times}\n7 r r r`, strip(legend)),
  },
  {
    rule: 'lock-held-across-io',
    fires: draw(`${times}\n7..20 L L L\n5 h h h`, legend),
    nearMiss: draw(`${times}\n7..20 L L L\n5 o o o`, legend),
    noData: draw(`${times}\n7..20 L L L\n5 h h h`, strip(legend)),
  },
  {
    rule: 'pool-exhausted',
    fires: stand('p', '7..20'),
    nearMiss: draw(`${times}\n7 p . .\n8 . . p`, legend),
    noData: nothing,
  },
  { rule: 'forever-wait', fires: one('n'), nearMiss: one('m'), noData: nothing },
  {
    rule: 'goroutine-growth',
    fires: draw(`${times}\n7..20 w w w\n21..40 . w w\n41..60 . . w`, legend),
    nearMiss: draw(`${times}\n7..20 w w .\n21..60 . . w`, legend),
    noData: draw('0\n7..60 w', legend),
  },
  {
    rule: 'goroutine-without-context',
    fires: draw(`${times}\n50 k k k\n60..70 d d d`, legend),
    nearMiss: draw(`${times}\n50 z z z\n60..70 d d d`, legend),
    noData: draw(`${times}\n50 k k k\n60..70 d d d`, { ...legend, d: legend.d.replace('@50', '') }),
  },
  {
    rule: 'blind-network-waits',
    fires: stand('w', '7..9'),
    nearMiss: draw(`${times}\n7 w w w\n8..60 s s s`, legend),
    noData: draw(`${times}\n7 w w w`, legend, { isTimeless: true }),
  },
  {
    rule: 'runnable-too-long',
    fires: draw(`${long}\n7 u u u`, legend),
    nearMiss: stand('u'),
    noData: draw(`${long}\n7 u u u`, legend, { isTimeless: true }),
  },
  {
    rule: 'waiting-without-block-event',
    fires: draw(`${long}\n7 s s s`, legend, on),
    nearMiss: draw(`${times}\n7 s s s`, legend, on),
    noData: draw(`${long}\n7 s s s`, legend),
  },
  {
    rule: 'block-profile-blind',
    fires: draw(`${times}\n7 s s s`, legend, on),
    nearMiss: draw(`${times}\n7..9 x x x`, legend, on),
    noData: stand('s'),
  },
  {
    rule: 'profile-off',
    fires: draw(`${times}\n7 s s s`, legend, { lenses: { block: 'off' } }),
    nearMiss: draw(`${times}\n7 s s s`, legend, on),
    noData: stand('s'),
  },
  {
    rule: 'dump-truncated',
    fires: draw(`${times}\n7 s s s`, legend, { isTruncated: true }),
    nearMiss: stand('s'),
    noData: { ...nothing, dumps: [] },
  },
]

/** The same goroutines without argument words, as in dumps of optimised or inlined frames. */
function strip(full: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(full).map(([key, text]) => [key, text.replace(/\(0x[^)]*\)/g, '()')]))
}

test('every rule of the registry has its three cases here', () => {
  assert.deepEqual(cases.map(({ rule }) => rule).sort(), rules.map(({ id }) => id).sort())
})

for (const { rule, fires, nearMiss, noData } of cases) {
  test(`${rule} fires where it should`, () => {
    const [first] = findings(fires, rule)
    assert.ok(first, `only ${diagnoseEvidence(fires).findings.map((finding) => finding.rule)}`)
    assert.match(first.fingerprint, /^[0-9a-f]{32}$/)
    assert.ok(first.evidence[0].source !== '')
    assert.ok(first.fix.summary !== '')
  })
  test(`${rule} is silent for a near miss`, () => {
    assert.deepEqual(findings(nearMiss, rule), [])
  })
  test(`${rule} is silent without the data that it needs`, () => {
    assert.deepEqual(findings(noData, rule), [])
  })
}

test('a fingerprint does not change with ids, times and counts', () => {
  const [here] = findings(stand('L', '7..9'), 'stuck-goroutines')
  const [there] = findings(draw('0 2 4\n100..130 L L L', legend), 'stuck-goroutines')
  assert.equal(here?.fingerprint, there?.fingerprint)
})

test('a finding names the file and the line of the goroutine that it is about', () => {
  const [first] = findings(stand('L', '7..9'), 'stuck-goroutines')
  assert.deepEqual([first?.evidence[0].source, first?.evidence[0].at], ['goroutine.2.txt', 'line 1'])
  assert.match(first?.evidence[0].excerpt ?? '', /^goroutine 7 \[sync\.Mutex\.Lock\]:/)
})

test('the list of rules says of each what it needs, when it speaks and what to do', () => {
  for (const info of listRuleInfo()) {
    for (const text of [info.title, info.severity, info.needs, info.saysWhen, info.fix])
      assert.ok(text.length > 3, info.id)
    assert.equal(info.doc, `docs/rules.md#${info.id}`)
  }
})

test('a finding names the groups of the report that it is about, the holder of a lock too, and a lens none', () => {
  const evidence = draw(`${times}\n7 L L L\n8 L L L\n9 h h h`, legend, on)
  const { data, findings: found } = diagnoseEvidence(evidence)
  const listed = data.goroutines.groups.map(({ id }) => id)
  assert.ok(found.every(({ groups }) => groups?.every((id) => listed.includes(id))))
  const held = found.find(({ rule }) => rule === 'lock-held-across-io')
  assert.deepEqual([...(held?.groups ?? [])].sort(), [...listed].sort())
  assert.deepEqual(found.find(({ rule }) => rule === 'block-profile-blind')?.groups, [])
})

test('findings past the limit of one rule are left out, and an issue says how many', () => {
  const letters = Array.from({ length: MAX_FINDINGS_PER_RULE + 30 }, (_, at) => String.fromCodePoint(0x4e00 + at))
  const many = Object.fromEntries(
    letters.map((letter, at) => [letter, `[chan receive (nil chan)] main.f${at}() < main.g${at}@1`]),
  )
  const { findings: found, issues } = diagnoseEvidence(
    draw(`0\n${letters.map((letter, at) => `${at + 7} ${letter}`).join('\n')}`, many),
  )
  assert.equal(found.filter(({ rule }) => rule === 'forever-wait').length, MAX_FINDINGS_PER_RULE)
  assert.equal(issues.find(({ code }) => code === 'SL_ANALYZE_FINDINGS_OMITTED')?.count, 30)
})

test('two groups that wait for each other are one finding, with the time of both', () => {
  const { findings: found } = diagnoseEvidence(draw(`${times}\n7 a a a\n8 b b b`, legend))
  const cycles = found.filter(({ rule }) => rule === 'lock-order-cycle')
  assert.equal(cycles.length, 1)
  assert.equal(cycles[0]?.groups?.length, 2)
  assert.equal(cycles[0]?.cost.goroutineSeconds, 6)
})

test('what a narrower rule names, a cycle or a lock held by its own waiter, is not told as stuck once more', () => {
  const rulesOf = (evidence: EvidenceSet) => diagnoseEvidence(evidence).findings.map(({ rule }) => rule)
  assert.deepEqual(rulesOf(draw(`${times}\n7 a a a\n8 b b b`, legend)), ['lock-order-cycle'])
  assert.deepEqual(rulesOf(stand('r')), ['self-deadlock'])
})
