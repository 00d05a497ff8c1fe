/** Goroutines that run, wait for a processor, or wait for something outside the program: slow at worst, never stuck. */
import { describeWindow, isStanding, oneDump, plural, type VerdictRule } from './judgement.ts'
import { isServing } from './slow-calls.ts'

/** The seed's threshold: runnable for longer is a finding. */
const RUNNABLE_TOO_LONG_NS = 10e9

export const runningRule: VerdictRule = {
  id: 'running',
  judge: ({ group, motion }) => {
    if (group.state === 'gone') return { verdict: 'idle', confidence: 'certain', why: 'no goroutine of the program' }
    if (group.state !== 'running' && group.state !== 'runnable' && group.state !== 'suspended') return undefined
    const stay = motion.stayNs?.min ?? 0
    if (group.state === 'runnable' && stay >= RUNNABLE_TOO_LONG_NS) {
      return {
        verdict: 'slow',
        confidence: 'possible',
        why: `runnable in every dump over ${(stay / 1e9).toFixed(0)} s; it may have run between them`,
      }
    }
    const why = group.state === 'running' ? 'it runs' : 'it waits for a processor to run on'
    return { verdict: 'busy', confidence: group.state === 'running' ? 'certain' : 'probable', why }
  },
}

/** From here on, goroutines that sleep at one place are rather work that is held up than tickers. */
const MANY_SLEEPERS = 5

/** Calls that wait for any event of a set, which is what an event loop does all its life (x/sys/unix, syscall). */
const isEventWait = (name: string): boolean =>
  /^(golang\.org\/x\/sys\/unix|syscall)\.(EpollWait|Kevent|Poll|Ppoll)$/.test(name)

/** The raw call, its wrapper in assembly, and the package function around it. */
const LEAF_FRAMES = 8

const outside: Readonly<Record<string, string>> = {
  network: 'an answer over the network',
  pipe: 'the other end of a pipe',
  syscall: 'a system call to return',
  timer: 'a timer',
  gc: 'the garbage collector',
  runtime: 'the runtime',
}

export const outsideRule: VerdictRule = {
  id: 'outside',
  judge: (file) => {
    const { group, context, members, motion } = file
    const what = group.waitClass === undefined ? undefined : outside[group.waitClass]
    if (what === undefined) return undefined
    const serves = isServing(group.functions)
    if (group.waitClass === 'timer' && !serves && members < MANY_SLEEPERS) {
      const what = group.pattern?.summary ?? 'a goroutine of its own, which serves no request, sleeps on its own clock'
      return {
        verdict: 'idle',
        confidence: 'possible',
        pattern: group.pattern?.id ?? 'sleeps-on-its-own',
        why: `${what}: by the form of its stack, not by knowledge of the code`,
      }
    }
    if (group.waitClass === 'syscall' && !serves && group.functions.slice(0, LEAF_FRAMES).some(isEventWait)) {
      return {
        verdict: 'idle',
        confidence: 'possible',
        pattern: 'event-loop',
        why: 'an event loop of its own waits for the kernel to report events: by the form of its stack, not by knowledge of the code',
      }
    }
    const isOne = context.dumpCount < 2
    if (isOne && motion.traced === undefined) {
      return { verdict: 'slow', confidence: 'possible', why: `it waits for ${what}; ${oneDump}` }
    }
    if (!isOne && !isStanding(file)) {
      return { verdict: 'busy', confidence: 'probable', why: `it waits for ${what}, and its members come and go` }
    }
    const moved = motion.traced?.moved ?? 0
    if (moved > 0) {
      const why = `it waits for ${what}, and ${moved} of ${members} ran while the execution trace was on`
      return { verdict: 'busy', confidence: 'probable', why }
    }
    const serving = serves ? ' while a request is being served' : ''
    const how = isOne ? 'while the execution trace was on' : describeWindow(context)
    return {
      verdict: 'slow',
      confidence: group.waitClass === 'timer' || !serves ? 'possible' : 'probable',
      why: `${plural(members, 'goroutine')} ${members === 1 ? 'waits' : 'wait'} for ${what}${serving}; none moved ${how}`,
    }
  },
}
