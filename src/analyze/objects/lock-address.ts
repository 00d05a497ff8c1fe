/**
 * The address of what a goroutine waits on, from the argument words of the primitive's own frame.
 * Only words that the runtime printed without `?` count: a doubtful one may be a stale register.
 * Layouts: sync and internal/sync of Go 1.14 to 1.27; in all of them the receiver is the first word.
 */
import type { GoroutineDump } from '../../model/goroutine-dump.ts'

export type ObjectKind = 'mutex' | 'rwmutex' | 'waitgroup' | 'cond'

/** Method frames whose first word is the object; the outermost one that shows it wins (RWMutex over its inner Mutex). */
const receivers: readonly { readonly match: RegExp; readonly kind: ObjectKind }[] = [
  { match: /^(?:internal\/)?sync\.\(\*Mutex\)\.(?:lockSlow|Lock)$/, kind: 'mutex' },
  { match: /^sync\.\(\*RWMutex\)\.(?:RLock|Lock|rLockSlow)$/, kind: 'rwmutex' },
  { match: /^sync\.\(\*WaitGroup\)\.Wait$/, kind: 'waitgroup' },
  { match: /^sync\.\(\*Cond\)\.Wait$/, kind: 'cond' },
]

/** Semaphore frames: the word is the address of the object's semaphore field, so far into the object. */
const semaphores: readonly { readonly match: RegExp; readonly kind: ObjectKind; readonly offset: number }[] = [
  { match: /^sync\.runtime_SemacquireRWMutexR$/, kind: 'rwmutex', offset: 12 },
  { match: /^sync\.runtime_SemacquireRWMutex$/, kind: 'rwmutex', offset: 8 },
  { match: /^(?:internal\/)?sync\.runtime_SemacquireMutex$/, kind: 'mutex', offset: 4 },
]

const PRIMITIVE_DEPTHS = 6

export type ObjectReader = {
  /** Frames of the primitive, by depth: those whose first word names the object. */
  readonly depths: readonly { readonly depth: number; readonly kind: ObjectKind; readonly offset: number }[]
  /** First frame above the primitive: the function that waits; its receiver often holds the object. */
  readonly callerDepth: number
}

/** What to read of rows with this stack; undefined where no frame can name an object. */
export function planObjectRead(functions: readonly string[]): ObjectReader | undefined {
  const depths: { depth: number; kind: ObjectKind; offset: number }[] = []
  let callerDepth = 0
  for (let depth = 0; depth < Math.min(functions.length, PRIMITIVE_DEPTHS); depth++) {
    const name = functions[depth] as string
    const receiver = receivers.find(({ match }) => match.test(name))
    const semaphore = semaphores.find(({ match }) => match.test(name))
    if (receiver !== undefined) depths.push({ depth, kind: receiver.kind, offset: 0 })
    else if (semaphore !== undefined) depths.push({ depth, kind: semaphore.kind, offset: semaphore.offset })
    if (receiver !== undefined || /^(?:internal\/)?sync\./.test(name) || name.startsWith('runtime.')) {
      callerDepth = depth + 1
      continue
    }
    break
  }
  return depths.length === 0 ? undefined : { depths, callerDepth }
}

/** Base address of the object that this row waits on; undefined where the words do not say. */
export function readObject(dump: GoroutineDump, row: number, plan: ObjectReader): number | undefined {
  let found: number | undefined
  for (const { depth, offset } of plan.depths) {
    const word = readWord(dump, row, depth)
    if (word !== undefined && word > 4096) found = word - offset
  }
  return found
}

/** First word of the frame at this depth, if printed without doubt. */
export function readWord(dump: GoroutineDump, row: number, depth: number): number | undefined {
  for (let at = dump.argStart[row] as number; at < (dump.argStart[row + 1] as number); at++) {
    const here = dump.argDepths[at] as number
    if (here > depth) return undefined
    if (here === depth && dump.argPositions[at] === 0) {
      return dump.argDoubtful[at] === 1 ? undefined : Number(dump.argWords[at] as bigint)
    }
  }
  return undefined
}

export function formatAddress(address: number): string {
  return `0x${address.toString(16)}`
}
