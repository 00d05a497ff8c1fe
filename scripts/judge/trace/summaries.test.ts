import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readOwnAccount } from './own-totals.ts'
import { compareSummaries, compareUtilization, type SummaryTimes } from './summaries.ts'

const path = join(import.meta.dirname, '..', '..', '..', 'testdata', 'captures', 'shop', 'trace.bin')
const own = readOwnAccount(readFileSync(path))
assert.ok(typeof own !== 'string')
const { account } = own

/** What the reference would say if it agreed in all: ours, in its shape. */
function agree(): Record<string, SummaryTimes> {
  const groups: Record<string, SummaryTimes> = {}
  for (const group of account.groups) {
    const before = groups[group.startFunction]
    const waitingNs: Record<string, number> = { ...before?.waitingNs }
    for (const { blockReason, ns } of group.waiting) waitingNs[blockReason] = (waitingNs[blockReason] ?? 0) + ns
    groups[group.startFunction] = {
      count: (before?.count ?? 0) + group.count,
      olderCount: 0,
      againCount: 0,
      runningNs: (before?.runningNs ?? 0) + group.runningNs,
      schedNs: (before?.schedNs ?? 0) + group.runnableNs,
      syscallNs: (before?.syscallNs ?? 0) + group.syscallNs - 5,
      syscallBlockedNs: 5,
      waitingNs,
      excessNs: 0,
      totalNs: 0,
    }
  }
  return groups
}

const rest = { regions: {}, tasks: {}, gapNs: 0 }

test('equal times by start function leave no difference', () => {
  assert.deepEqual(compareSummaries({ groups: agree(), ...rest }, account, 0), [])
})

test('a time, a count or a group that only one side has is named', () => {
  const groups = agree()
  const [name = ''] = Object.keys(groups)
  const one = groups[name] as SummaryTimes
  groups[name] = { ...one, runningNs: one.runningNs + 7, waitingNs: { ...one.waitingNs, forever: 1e9, sync: 3 } }
  const found = compareSummaries({ groups: { ...groups, 'main.ghost': { ...one, count: 1 } }, ...rest }, account, 0)
  const what = found.map((difference) => difference.what)
  assert.ok(what.includes(`goroutines of "${name}": running ns`))
  assert.ok(what.some((text) => text.startsWith(`goroutines of "${name}": waiting ns by "sync"`)))
  assert.ok(what.includes('goroutines of "main.ghost"'))
  assert.ok(!what.some((text) => text.includes('forever')))
})

test('what the Summarizer counts twice is taken off; older goroutines have the slack of their generation’s begin', () => {
  const groups = agree()
  const [name = ''] = Object.keys(groups)
  const one = groups[name] as SummaryTimes
  groups[name] = { ...one, schedNs: one.schedNs + 99, excessNs: 99, runningNs: one.runningNs + 40, olderCount: 2 }
  assert.deepEqual(compareSummaries({ groups, ...rest, gapNs: 20 }, account, 0), [])
  assert.equal(compareSummaries({ groups, ...rest, gapNs: 19 }, account, 0).length, 1)
})

test('what the reference cannot name may have a name here, and never the other way round', () => {
  const groups = agree()
  const [name = ''] = Object.keys(groups).filter((one) => one !== '')
  const one = groups[name] as SummaryTimes
  const bare = groups[''] ?? {
    ...one,
    count: 0,
    runningNs: 0,
    schedNs: 0,
    syscallNs: 0,
    syscallBlockedNs: 0,
    waitingNs: {},
  }
  const lessNamed = {
    ...groups,
    [name]: { ...one, count: one.count - 1, runningNs: one.runningNs - 10 },
    '': { ...bare, count: bare.count + 1, runningNs: bare.runningNs + 10 },
  }
  assert.deepEqual(compareSummaries({ groups: lessNamed, ...rest }, account, 0), [])
  const again = { ...groups, [name]: { ...one, runningNs: one.runningNs - 10, againCount: 1 } }
  assert.deepEqual(compareSummaries({ groups: again, ...rest }, account, 0), [])
  const moreNamed = { ...groups, [name]: { ...one, count: one.count + 1, runningNs: one.runningNs + 10 } }
  assert.equal(compareSummaries({ groups: moreNamed, ...rest }, account, 0).length, 2)
})

test('regions and whole tasks that we do not have are differences', () => {
  const span: SummaryTimes = { ...(Object.values(agree())[0] as SummaryTimes), count: 3, totalNs: 12 }
  const found = compareSummaries(
    { groups: agree(), regions: { call: span }, tasks: { order: span }, gapNs: 0 },
    account,
    0,
  )
  assert.ok(found.some(({ what }) => what === 'regions "call"'))
  assert.ok(found.some(({ what, reference, ours }) => what === 'whole tasks "order"' && reference === 3 && ours === 0))
})

test('utilization agrees within the stated error, and not beyond', () => {
  const rows = account.gc.minimumMutatorUtilization
  assert.ok(rows.length > 1)
  const least = Object.fromEntries(rows.map(({ windowNs, ratio, errorRatio }) => [windowNs, ratio + errorRatio * 0.9]))
  assert.deepEqual(compareUtilization({ least, lateNs: 0 }, account), [])
  const [first] = rows
  const off = { ...least, [String(first?.windowNs)]: (first?.ratio ?? 0) + 1.1 * (first?.errorRatio ?? 0) }
  assert.equal(compareUtilization({ least: off, lateNs: 0 }, account).length, 1)
  assert.deepEqual(compareUtilization({ least: off, lateNs: (first?.windowNs ?? 0) / 10 }, account), [])
})
