import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapBounded, openQueue } from './bounded.ts'

test('no more tasks run at once than the limit, and results keep their order', async () => {
  let running = 0
  let most = 0
  const results = await mapBounded([5, 1, 4, 2, 3], 2, async (item) => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setTimeout(resolve, item))
    running -= 1
    return item * 10
  })
  assert.equal(most, 2)
  assert.deepEqual(results, [50, 10, 40, 20, 30])
})

test('nothing to do is done at once', async () => {
  assert.deepEqual(await mapBounded([], 4, async () => 1), [])
})

test('a full queue refuses or drops its oldest, by its policy, and counts what was lost', () => {
  const refusing = openQueue<number>(2, 'refuse')
  assert.deepEqual([refusing.push(1), refusing.push(2), refusing.push(3)], [true, true, false])
  assert.deepEqual([refusing.take(), refusing.take(), refusing.take()], [1, 2, undefined])
  const dropping = openQueue<number>(2, 'drop-oldest')
  for (const item of [1, 2, 3]) dropping.push(item)
  assert.deepEqual([dropping.take(), dropping.take(), dropping.lost, refusing.lost], [2, 3, 1, 1])
})
