/** Ready time against processor time: what starves is in no profile, what ran is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diagnoseEvidence } from '../diagnose.ts'
import { drawCpu } from '../testing/draw-cpu.ts'
import { draw } from '../testing/draw-dumps.ts'

const legend = { r: '[runnable] main.spin() < main.main@1' }

function verdictOf(goroutines: string, cpuSeconds: number) {
  const profiles = drawCpu([['main.spin', cpuSeconds * 100]])
  return diagnoseEvidence(draw(`0 1 3\n${goroutines} r r r`, legend, { profiles, lenses: { cpu: 'on' } })).data
}

test('thirty goroutines that stand ready for three seconds of one processor are starved: that is blind', () => {
  const { verdict, blindSpots } = verdictOf('7..36', 3)
  assert.equal(verdict.grade, 'blind')
  assert.ok(Math.abs((verdict.blindRatio ?? 0) - 29 / 30) < 0.01)
  assert.ok(Math.abs((blindSpots[0]?.goroutineSeconds ?? 0) - 87) < 1)
})

test('ready goroutines whose time the CPU profile has were running', () => {
  assert.equal(verdictOf('7..8', 4.8).verdict.blindRatio, 0)
})

test('without a CPU profile nothing tells ready from running', () => {
  const { verdict } = diagnoseEvidence(draw('0 1 3\n7..36 r r r', legend, { lenses: { cpu: 'on' } })).data
  assert.equal(verdict.blindRatio, 0)
})
