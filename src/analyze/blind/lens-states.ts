/**
 * Which lenses are on, as far as the evidence says: the collector's observations, sharpened by what is at hand.
 * An observation is never contradicted silently: an `off` that data refutes becomes `on` with both reasons.
 */

import type { LensReport } from '../../model/diagnosis.ts'
import type { EvidenceSet } from '../../model/evidence.ts'
import { type Lens, type LensState, type LensStates, lenses } from '../../model/lens.ts'
import { getLensRow } from '../lenses/lens-rows.ts'
import type { LensView } from '../lenses/types.ts'

export type LensBook = {
  readonly states: LensStates
  readonly because: Readonly<Partial<Record<Lens, string>>>
}

/** `markedCount`: goroutines that carry the leak detector's mark, wherever it stands. */
export function readLensStates(evidence: EvidenceSet, without: ReadonlySet<Lens>, markedCount = 0): LensBook {
  const states = Object.fromEntries(lenses.map((lens) => [lens, 'unknown'])) as Record<Lens, LensState>
  const because: Partial<Record<Lens, string>> = {}
  for (const observation of evidence.lenses) {
    states[observation.lens] = observation.state
    because[observation.lens] = observation.because
  }
  for (const [lens, what] of listAtHand(evidence, markedCount)) {
    if (states[lens] === 'on') continue
    const said = because[lens] === undefined ? '' : ` (the collector found: ${because[lens]})`
    states[lens] = 'on'
    because[lens] = `${what}${said}`
  }
  for (const lens of without) {
    states[lens] = 'unknown'
    because[lens] = 'withheld with --without'
  }
  if (evidence.trace !== undefined && !without.has('trace')) {
    const use =
      evidence.trace.activity === undefined
        ? 'could not be read'
        : evidence.trace.reading === undefined
          ? 'tells which goroutines moved, not how long'
          : 'tells what each goroutine waited for, and how long'
    because.trace = `${(because.trace ?? 'a trace is at hand').replace(/\.$/, '')}; here it ${use}`
  }
  return { states, because }
}

function listAtHand(evidence: EvidenceSet, markedCount: number): (readonly [Lens, string])[] {
  const found: (readonly [Lens, string])[] = []
  if (evidence.dumps.length > 0)
    found.push([
      'goroutine',
      evidence.dumps.length === 1 ? '1 dump is at hand' : `${evidence.dumps.length} dumps are at hand`,
    ])
  for (const { kind, profile, source } of evidence.profiles) {
    const hasSamples = profile.sampleCount > 0
    if (kind === 'cpu') found.push(['cpu', `${source} covers the window`])
    else if ((kind === 'block' || kind === 'mutex' || kind === 'heap') && hasSamples) {
      found.push([kind, `${source} has samples`])
    } else if (kind === 'goroutineleak') found.push([kind, `${source} is at hand`])
  }
  if ((evidence.leakDumps ?? []).length > 0) found.push(['goroutineleak', 'its dump is at hand'])
  else if (markedCount > 0) found.push(['goroutineleak', 'dumps carry the marks of an earlier run of it'])
  if (evidence.trace !== undefined) found.push(['trace', `${evidence.trace.source} is at hand`])
  if (evidence.metrics !== undefined || evidence.vars !== undefined) found.push(['metrics', 'they are at hand'])
  return found
}

export function reportLenses(book: LensBook): readonly LensReport[] {
  return lenses.map((lens) => {
    const row = getLensRow(lens)
    const because = book.because[lens]
    return {
      lens,
      state: book.states[lens],
      sees: row.sees,
      cannotSee: row.cannotSee,
      turnOn: row.turnOn,
      ...(because === undefined ? {} : { because }),
    }
  })
}

export function isOn(book: LensBook, lens: Lens): boolean {
  return book.states[lens] === 'on'
}

export function showsWhileItLasts(view: LensView | undefined): boolean {
  return view === 'now' || view === 'now-unnamed'
}
