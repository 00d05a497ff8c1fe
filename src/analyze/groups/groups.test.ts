/** Grouping, the user's frame, and motion between dumps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diagnoseEvidence } from '../diagnose.ts'
import { draw } from '../testing/draw-dumps.ts'
import { buildGroups } from './build-groups.ts'
import { findUserDepth, isStandard, packagePath } from './primitives.ts'
import { measureMotion } from './stability.ts'

const legend = {
  a: '[chan receive] main.a(0x1) < main.main@1',
  b: '[chan receive] main.b(0x1) < main.main@1',
  c: '[chan receive] main.a(0x2) < main.main@1',
  d: '[chan receive] main.a(0x1) < main.other@1',
  e: '[select] main.a(0x1) < main.main@1',
  r: '[chan receive] runtime.gopark() / runtime.chanrecv1() / main.a(0x1) < main.main@1',
}

function groupsOf(picture: string) {
  const table = buildGroups({ dumps: draw(picture, legend).dumps, provenIds: new Set() })
  return { table, motion: measureMotion(table) }
}

test('reason, stack and creator make a group; argument words do not', () => {
  const { table } = groupsOf('0\n1 a\n2 b\n3 c\n4 d\n5 e')
  assert.deepEqual(
    table.groups.map(({ counts }) => counts[0]),
    [2, 1, 1, 1],
  )
})

test('a group is the same one in every dump, though the dumps number their stacks differently', () => {
  const { table } = groupsOf('0 1\n1 a b\n2 b a')
  assert.deepEqual(
    table.groups.map(({ functions, counts }) => [functions[0], counts]),
    [
      ['main.a', [1, 1]],
      ['main.b', [1, 1]],
    ],
  )
})

test('the runtime’s own frames at the leaf are folded: some dump levels print them, some do not', () => {
  assert.notEqual(groupsOf('0\n1 r').table.groups[0]?.userDepth, 0)
  const { groups } = diagnoseEvidence(draw('0\n1 r', legend)).data.goroutines
  assert.equal(groups[0]?.userFunction, 'main.a')
})

test('motion: who stayed, who left, who came, and for how long', () => {
  const { motion } = groupsOf('0 1 3\n1 a a a\n2 a a .\n3 . a a\n4 . . a')
  const [group] = motion.byGroup
  assert.deepEqual([group?.stayedAll, group?.stayedLast, group?.left, group?.arrived], [1, 2, 1, 2])
  assert.deepEqual(group?.stayNs, { min: 0, max: 3e9 })
  assert.equal(group?.totalNs, 2.5e9 + 6e9)
})

test('a goroutine that was elsewhere in between has moved', () => {
  const { motion } = groupsOf('0 1 3\n1 a b a')
  assert.equal(motion.byGroup[0]?.stayedAll, 0)
})

test('the user’s frame is the first that is neither standard nor a primitive', () => {
  const depth = (...names: string[]) => findUserDepth(names)
  assert.equal(
    depth('internal/poll.(*FD).Read', 'net/http.(*persistConn).roundTrip', 'example.com/x.call', 'main.main'),
    2,
  )
  assert.equal(depth('sync.(*Mutex).Lock', 'golang.org/x/sync/errgroup.(*Group).Wait', 'main.run'), 2)
  assert.equal(depth('internal/poll.(*FD).Accept', 'net.(*TCPListener).Accept', 'net/http.(*Server).Serve'), 2)
  assert.equal(depth('runtime.gopark', 'time.Sleep'), 1)
  assert.equal(depth(), undefined)
})

test('packages are read from names with type arguments, methods and dots in their path', () => {
  assert.equal(packagePath('net/http.(*conn).serve'), 'net/http')
  assert.equal(packagePath('gopkg.in/yaml%2ev3.Marshal'), 'gopkg.in/yaml%2ev3')
  assert.equal(packagePath('main.F[github.com/x/y.T]'), 'main')
  assert.ok(isStandard('log/slog.(*Logger).Info') && !isStandard('main.main') && !isStandard('example.com/net/http.Do'))
})
