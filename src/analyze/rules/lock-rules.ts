/** What the lock verdicts inferred: a lock held across I/O, a lock-order cycle, a lock that its own waiter may hold. */
import { profileLenses } from '../../model/lens.ts'
import { countLast, type Group, nameWait, userFunctionOf } from '../groups/group.ts'
import type { Judgement } from '../verdict/judgement.ts'
import { findSlowCall } from '../verdict/slow-calls.ts'
import { quoteGroup } from './quote.ts'
import type { FindingDraft, Rule, RuleInput } from './rule.ts'

export const lockHeldAcrossIo: Rule = {
  id: 'lock-held-across-io',
  title: 'A lock is held while its holder waits for something outside the program',
  severity: 'high from 10 waiters on, else medium',
  needs: 'argument words in the dump (they name the lock and the object that holds it)',
  saysWhen:
    'goroutines wait for a lock while another one, in a method of the same object, waits for I/O, sleeps or calls out',
  fix: 'Do the slow call without the lock: copy what it needs, unlock, call, lock again to store; or one flight per key.',
  doc: 'docs/rules.md#lock-held-across-io',
  find: (input) =>
    forCause(input, 'held-across-io', (group, judgement, holder) => ({
      title: `${countLast(group)} wait for a lock in ${userFunctionOf(group)} while ${userFunctionOf(holder)}, which seems to hold it, waits for ${whatFor(holder)}`,
      severity: countLast(group) >= 10 ? 'high' : 'medium',
      confidence: judgement.blockedBy?.confidence ?? judgement.confidence,
      evidence: [quoteGroup(input, group), quoteGroup(input, holder)],
    })),
}

export const lockOrderCycle: Rule = {
  id: 'lock-order-cycle',
  title: 'Goroutines wait for each other’s locks',
  severity: 'high',
  needs: 'argument words in the dump; two dumps for `probable`',
  saysWhen:
    'goroutines that wait for locks work, in outer frames, on objects whose locks the others wait for, in a ring',
  fix: 'Take the locks in one order everywhere, or release the first before taking the second.',
  doc: 'docs/rules.md#lock-order-cycle',
  find: (input) =>
    joinMirrors(
      forCause(input, 'cycle', (group, judgement, partner) => ({
        title: `${userFunctionOf(group)} and ${userFunctionOf(partner)} wait for each other’s locks`,
        severity: 'high',
        confidence: judgement.confidence,
        evidence: [quoteGroup(input, group), quoteGroup(input, partner)],
      })),
    ),
}

export const selfDeadlock: Rule = {
  id: 'self-deadlock',
  title: 'A goroutine waits for a lock that it may hold itself',
  severity: 'high when none moved over two seconds, else medium',
  needs: 'argument words in the dump',
  saysWhen: 'one goroutine alone waits for a lock of an object that its own callers work on, and nobody else does',
  fix: 'Lock once at the outermost call; give inner methods a variant that expects the lock to be held.',
  doc: 'docs/rules.md#self-deadlock',
  find: (input) =>
    forCause(input, 'self', (group, judgement) => ({
      title: `${userFunctionOf(group)} waits for a lock that it may hold itself`,
      severity: judgement.confidence === 'possible' ? 'medium' : 'high',
      confidence: judgement.confidence,
      evidence: [quoteGroup(input, group)],
    })),
}

/** Two groups that wait for each other are one finding, told from the first of them and costed for both. */
function joinMirrors(drafts: readonly FindingDraft[]): readonly FindingDraft[] {
  const byPair = new Map<string, FindingDraft>()
  for (const draft of drafts) {
    const pair = [...(draft.about ?? draft.groups)].map(({ index }) => index).sort((a, b) => a - b)
    const key = pair.join()
    const first = byPair.get(key)
    byPair.set(key, first === undefined ? draft : { ...first, groups: [...first.groups, ...draft.groups] })
  }
  return [...byPair.values()]
}

function whatFor(holder: Group): string {
  return findSlowCall(holder.functions)?.what ?? nameWait(holder)
}

type Part = Pick<FindingDraft, 'title' | 'severity' | 'confidence' | 'evidence'>

function forCause(
  input: RuleInput,
  cause: NonNullable<Judgement['cause']>,
  draft: (group: Group, judgement: Judgement, other: Group) => Part,
): readonly FindingDraft[] {
  return input.context.table.groups.flatMap((group) => {
    const judgement = input.judgements[group.index]
    if (judgement?.cause !== cause || countLast(group) === 0) return []
    const other = input.context.table.groups[judgement.blockedBy?.group ?? group.index] ?? group
    return [
      {
        ...draft(group, judgement, other),
        blindTo: profileLenses,
        groups: [group],
        about: other === group ? [group] : [group, other],
        symbols: [userFunctionOf(group), userFunctionOf(other)],
      },
    ]
  })
}
