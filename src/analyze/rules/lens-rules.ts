/** Findings about the lenses themselves: a profile that is off, a profile that is on and shows next to nothing, a cut dump. */
import type { Lens } from '../../model/lens.ts'
import { isOn } from '../blind/lens-states.ts'
import { getLensRow } from '../lenses/lens-rows.ts'
import { quoteLens } from './quote.ts'
import type { FindingDraft, Rule } from './rule.ts'

/** Share of the time from which a profile that is on counts as blind. */
const BLIND_SHARE = 0.5

export const blockProfileBlind: Rule = {
  id: 'block-profile-blind',
  title: 'The block profile is on, and most waiting is not in it',
  severity: 'medium',
  needs: 'the block profile on, two dumps',
  saysWhen:
    'half of the goroutine time that is not idle, or more, is in no profile that is on, although block profiling is',
  fix: 'Do not conclude from an empty block profile that nothing waits: read the blind spots, take dumps and a trace.',
  doc: 'docs/rules.md#block-profile-blind',
  find: (input) => {
    const ratio = input.verdict.blindRatio ?? 0
    if (!isOn(input.book, 'block') || ratio < BLIND_SHARE || input.context.dumpCount < 2) return []
    const groups = input.context.table.groups.filter((group) => {
      const exposure = input.exposures.byGroup[group.index]
      return exposure !== undefined && !exposure.isIdle && exposure.blind > 0
    })
    if (groups.length === 0) return []
    return [
      {
        title: `Block profiling is on, and ${(ratio * 100).toFixed(0)} % of the waiting is not in it`,
        severity: 'medium',
        confidence: 'certain',
        evidence: [quoteLens(input, 'block', input.book.because.block)],
        blindTo: ['block'],
        groups,
        // It is about the profile: each of these groups has a finding or a line of its own.
        about: [],
        symbols: ['block'],
      },
    ]
  },
}

export const profileOff: Rule = {
  id: 'profile-off',
  title: 'Block or mutex profiling is off',
  severity: 'info; low when it cannot be told whether it is on',
  needs: 'what the collector found out about the lens',
  saysWhen: 'the block or mutex profile is off, or is there and cannot be told to be on',
  fix: 'runtime.SetBlockProfileRate(10000) and runtime.SetMutexProfileFraction(100) at start: cheap enough to stay on.',
  doc: 'docs/rules.md#profile-off',
  find: (input) => {
    const drafts: FindingDraft[] = []
    for (const lens of ['block', 'mutex'] as const) {
      const state = input.book.states[lens]
      const because = input.book.because[lens]
      if (because === undefined || because.startsWith('withheld')) continue
      if (state !== 'off' && state !== 'unknown') continue
      drafts.push({
        title: state === 'off' ? `The ${lens} profile is off` : `Whether the ${lens} profile is on cannot be told`,
        severity: state === 'off' ? 'info' : 'low',
        confidence: state === 'off' ? 'certain' : 'possible',
        evidence: [quoteLens(input, lens, because)],
        blindTo: [lens],
        groups: [],
        symbols: [lens],
        fix: getLensRow(lens as Lens).turnOn,
      })
    }
    return drafts
  },
}

export const dumpTruncated: Rule = {
  id: 'dump-truncated',
  title: 'The goroutine dump was cut',
  severity: 'medium',
  needs: 'a dump that ends at 64 MiB or inside a record; the goroutine profile tells how many are missing',
  saysWhen: 'a dump of the window is truncated',
  fix: 'Believe the goroutine profile (debug=0) for counts; the dump shows only part of the goroutines.',
  doc: 'docs/rules.md#dump-truncated',
  find: (input) =>
    input.context.table.dumps
      .filter(({ dump }) => dump.isTruncated)
      .slice(-1)
      .map(({ source, dump }) => ({
        title:
          input.lost > 0
            ? `The dump was cut: ${input.lost} of ${input.lost + dump.goroutineCount} goroutines are not in it`
            : `The dump was cut after ${dump.goroutineCount} goroutines`,
        severity: 'medium' as const,
        confidence: 'certain' as const,
        evidence: [{ lens: 'goroutine' as const, source, at: `line ${dump.lines.at(-1) ?? 1}` }] as const,
        blindTo: ['goroutine' as const],
        groups: [],
        symbols: ['goroutine'],
      })),
}
