/** What cannot end: goroutines the runtime proved unreachable, and waits that Go defines to last forever. */

import { rowsLast } from '../groups/group.ts'
import { countProven } from '../leak/proof.ts'
import { type CaseFile, plural, readGrowth, type VerdictRule } from './judgement.ts'

export const leakProofRule: VerdictRule = {
  id: 'leak-proof',
  judge: (file) => {
    const { group, members, context } = file
    const proven = countProven(context.proof, group, members)
    if (proven === 0) return undefined
    const proof = 'nothing that can still run reaches what it waits for (goroutine leak profile)'
    if (proven >= members) {
      const some = context.proof.ran ? '' : '; the marks stem from an earlier run of the detector'
      const moved = readLaterWait(file)
      const later = moved === undefined ? '' : `, by then in ${moved}`
      return { verdict: 'leaked', confidence: 'certain', why: `the runtime proved it${later}: ${proof}${some}` }
    }
    return {
      verdict: 'leaked',
      confidence: 'probable',
      why: `the runtime proved ${proven} of ${members} unreachable; its profile gives counts per stack, not which ones`,
    }
  },
}

/** What its first member waited for when it was proven, where that is not what the last ordinary dump has. */
function readLaterWait({ group, context }: CaseFile): string | undefined {
  const [row] = rowsLast(group)
  const id = row === undefined ? undefined : context.table.dumps.at(-1)?.dump.ids[row]
  const reason = id === undefined ? undefined : context.proof.places.get(id)?.reason
  return reason === undefined || reason === group.reason ? undefined : reason
}

export const foreverRule: VerdictRule = {
  id: 'forever',
  judge: (file) => {
    const { group, members } = file
    if (group.waitClass !== 'forever' || group.reason === 'panicwait') return undefined
    const isMain = group.functions.includes('main.main') && group.creator === undefined
    if (group.reason === 'select (no cases)' && isMain) {
      return {
        verdict: 'idle',
        confidence: 'certain',
        pattern: 'main-select-forever',
        why: 'main keeps the process alive with an empty select: nothing ends it, by design',
      }
    }
    const growth = readGrowth(file)
    const what = group.reason === 'select (no cases)' ? 'an empty select never ends' : 'a nil channel is never ready'
    const grows = growth === undefined ? '' : `, and their number grows (${growth.first} → ${growth.last})`
    return {
      verdict: growth === undefined ? 'stuck' : 'leaked',
      confidence: 'certain',
      why: `${plural(members, 'goroutine')}: ${what}, whatever else the program does${grows}`,
    }
  },
}
