/**
 * Waits on channels, select, Cond, WaitGroup and coroutines that no other rule could settle: the last rule of the table.
 * A dump alone cannot tell a leaked receiver from a worker whose queue is empty. What raises suspicion: many identical
 * members, growth, a creator that has ended, a wait to send. What lowers it: siblings that move, a loop's shape, a
 * process that started it first of all, waits at this place that ended (block profile), a leak detector that ran.
 */
import type { WaitClass } from '../../model/wait-class.ts'
import { nameWait } from '../groups/group.ts'
import {
  type CaseFile,
  describeWindow,
  isStanding,
  type Judgement,
  oneDump,
  plural,
  readGrowth,
  type VerdictRule,
} from './judgement.ts'
import { describeMakers, readMakers } from './partners.ts'
import { findServiceHint, type ServiceHint } from './services.ts'
import { isServing } from './slow-calls.ts'

type Draft = Omit<Judgement, 'rule'>

const judged: ReadonlySet<WaitClass> = new Set(['chan', 'select', 'cond', 'sync'])

/** As many identical members as a pool of workers hardly has by accident of one request. */
const PILE = 5
/** Siblings need not wait for the same thing: the few that leave say little of the many that stay. */
const MOVING_SHARE = 0.02

export const undecidedRule: VerdictRule = {
  id: 'undecided',
  judge: (file) => {
    const { group, context } = file
    if (group.state !== 'waiting' || group.waitClass === undefined || !judged.has(group.waitClass)) return undefined
    if (context.dumpCount < 2) return judgeOneDump(file)
    if (!isStanding(file)) return judgeMoving(file)
    return judgeStanding(file)
  },
}

function isReceive({ group }: CaseFile): boolean {
  return group.waitClass === 'select' || group.waitClass === 'cond' || group.reason.startsWith('chan receive')
}

function judgeOneDump(file: CaseFile): Draft {
  const { group, members, motion } = file
  const moved = motion.traced?.moved ?? 0
  if (moved > 0) {
    const why = `${plural(members, 'goroutine')} in ${nameWait(group)}; ${moved} of them ran while the execution trace was on: the wait does end`
    if (!isReceive(file) || isServing(group.functions)) return { verdict: 'slow', confidence: 'possible', why }
    return { verdict: 'idle', confidence: 'possible', pattern: 'moves-in-trace', why }
  }
  if (group.pattern !== undefined && members < PILE) return judgeShape(file, oneDump)
  const hint = isReceive(file) ? findServiceHint(file) : undefined
  if (hint !== undefined) return judgeService(hint, oneDump)
  return {
    verdict: 'stuck',
    confidence: 'possible',
    why: `${plural(members, 'goroutine')} in ${nameWait(group)}; ${motion.traced === undefined ? oneDump : 'none moved while the execution trace was on'}; ${cannotTell(file)}`,
  }
}

function judgeMoving(file: CaseFile): Draft {
  const { motion, members } = file
  const slow = motion.stayedLast > 0 && motion.stayedLast / members >= 0.5
  return {
    verdict: slow ? 'slow' : 'busy',
    confidence: 'probable',
    why: `its members come and go: ${motion.left} left and ${motion.arrived} came ${describeWindow(file.context)}`,
  }
}

function judgeStanding(file: CaseFile): Draft {
  const { group, members, motion, context } = file
  const isStillInTrace = motion.traced !== undefined && motion.traced.moved === 0
  const traced = isStillInTrace ? ', nor while the execution trace was on' : ''
  const stood = motion.left === 0 ? 'none moved' : `${motion.stayedAll} did not move`
  const window = `${plural(members, 'goroutine')} in ${nameWait(group)}, ${stood} ${describeWindow(context)}${traced}`
  const growth = readGrowth(file)
  const creators = describeMakers(file)
  const ended = context.endedWaits(group)
  if (growth !== undefined && growth.last - growth.first >= 2) return judgeGrowth(file, growth, creators)
  if (isServing(group.functions) && (context.proof.ran || group.waitClass === 'select')) {
    const ran = context.proof.ran ? 'the leak detector did not flag it' : 'a select in a handler mostly has a way out'
    const why = `${window}, while a request is being served; ${ran}, so it may yet go on`
    return { verdict: 'slow', confidence: 'possible', why }
  }
  if (isReceive(file) && !isServing(group.functions)) {
    if (ended !== undefined && ended.count > 0) {
      const why = `${window}, but the block profile has ${plural(ended.count, 'wait')} at this place that ended: it looks like a worker`
      return { verdict: 'idle', confidence: 'possible', pattern: 'moves-in-block-profile', why }
    }
    if (motion.traced !== undefined && motion.traced.moved > 0) {
      const why = `${window}, but ${motion.traced.moved} of them ran while the execution trace was on: it looks like a worker`
      return { verdict: 'idle', confidence: 'possible', pattern: 'moves-in-trace', why }
    }
    if (motion.left >= members * MOVING_SHARE && motion.left > 0) {
      const why = `${window}: ${motion.left} left meanwhile, so the wait does end; ${cannotTell(file)}`
      return { verdict: 'idle', confidence: 'possible', pattern: 'siblings-move', why }
    }
    if (context.proof.ran && group.kind?.views.goroutineleak === 'proof-if-unreachable') {
      const why = `${window}; the leak detector ran and found that something which can still run reaches what it waits for, as it does for a worker on an empty queue; ${whatProofMisses}`
      return { verdict: 'idle', confidence: 'possible', pattern: 'reachable-receiver', why }
    }
    if (group.pattern !== undefined && members < PILE) return judgeShape(file, window)
    const hint = findServiceHint(file)
    if (hint !== undefined) return judgeService(hint, window)
  }
  if (motion.traced !== undefined && motion.traced.moved > 0) {
    const why = `${window}, but ${motion.traced.moved} of them ran while the execution trace was on: the wait does end`
    return { verdict: 'slow', confidence: 'possible', why }
  }
  if (context.proof.ran && group.kind?.views.goroutineleak === 'proof-if-unreachable') {
    return {
      verdict: 'unknown',
      confidence: 'possible',
      why: `${window}; the leak detector ran and did not flag it: something which can still run reaches what it waits for, so it may yet go on; ${whatProofMisses}`,
    }
  }
  const joinHint = group.reason.startsWith('sync.WaitGroup.Wait') ? findServiceHint(file) : undefined
  if (joinHint !== undefined) return judgeService(joinHint, window)
  const makers = readMakers(file)
  const isOrphaned = makers !== undefined && makers.returned === makers.known
  const isSend = group.reason.startsWith('chan send')
  // Never above possible: a queue on a semaphore (`sem <- struct{}{}`) with slow but healthy holders looks the same.
  return {
    verdict: 'stuck',
    confidence: 'possible',
    why: [window, isSend && isOrphaned ? `${creators}: if it was to receive, nobody does` : creators, cannotTell(file)]
      .filter((part) => part !== undefined)
      .join('; '),
  }
}

function judgeGrowth(
  file: CaseFile,
  growth: { readonly first: number; readonly last: number },
  creators: string | undefined,
): Draft {
  const { group, context } = file
  const isSend = group.reason.startsWith('chan send')
  const isReachable = context.proof.ran && group.kind?.views.goroutineleak === 'proof-if-unreachable'
  const parts = [
    `their number grew from ${growth.first} to ${growth.last} ${describeWindow(context)}, and none of them left`,
    creators,
    isReachable ? `the leak detector did not flag them (${whatProofMisses})` : undefined,
    'growth may also be load that rises',
  ]
  return {
    verdict: 'leaked',
    confidence: isSend && growth.last - growth.first >= PILE && !isReachable ? 'probable' : 'possible',
    why: parts.filter((part) => part !== undefined).join('; '),
  }
}

function judgeShape({ group }: CaseFile, window: string): Draft {
  const pattern = group.pattern
  return {
    verdict: 'idle',
    confidence: 'possible',
    ...(pattern === undefined ? {} : { pattern: pattern.id }),
    why: `${pattern?.summary ?? 'a service loop'}, by the form of its stack; a leaked receiver in a loop looks the same (${window})`,
  }
}

function judgeService({ pattern, why }: ServiceHint, window: string): Draft {
  return { verdict: 'idle', confidence: 'possible', pattern, why: `${why}; ${window}` }
}

const whatProofMisses = 'what a global variable reaches is never flagged'

function cannotTell(file: CaseFile): string {
  if (isReceive(file)) return 'a dump cannot tell a leaked receiver from a worker whose queue is empty'
  if (file.group.reason.startsWith('chan send')) {
    return 'a dump cannot tell whether its receiver is gone or only slow, as on a full semaphore whose holders work'
  }
  return 'a dump cannot tell whether the goroutine that should release it is gone or only slow'
}
