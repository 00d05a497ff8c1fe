/**
 * Text pictures → EvidenceSets, for tests: one line per goroutine (or range of ids), one letter per dump, `.` where it
 * is not there. The first line has the times of the dumps in seconds; a legend says what each letter is.
 *
 *   draw(`          0  1  3
 *         1         m  m  m
 *         7..26     L  L  L`, {
 *     m: '[select] main.main()',
 *     L: '[sync.Mutex.Lock] sync.(*Mutex).lockSlow(0xc000010) / main.(*S).get(0xc000000) < main.serve@1',
 *   })
 *
 * Frames leaf first, split by ` / `; a word with `?` is doubtful; `(leaked)` after the reason is the detector's mark.
 */

import type { LensObservation } from '../../model/capture.ts'
import type { DatedDump, DatedProfile, EvidenceSet } from '../../model/evidence.ts'
import { type GoroutineDump, goroutineFlags } from '../../model/goroutine-dump.ts'
import type { Lens, LensState } from '../../model/lens.ts'

export type DrawOptions = {
  readonly lenses?: Partial<Readonly<Record<Lens, LensState>>>
  readonly profiles?: readonly DatedProfile[]
  readonly leakDumps?: readonly DatedDump[]
  readonly goVersion?: string
  /** Dumps without times, as of loose files. */
  readonly isTimeless?: boolean
  readonly isTruncated?: boolean
}

type Drawn = { readonly id: number; readonly text: string }

export function draw(
  picture: string,
  legend: Readonly<Record<string, string>>,
  options: DrawOptions = {},
): EvidenceSet {
  const dumps = drawDumps(picture, legend, options)
  const lenses: LensObservation[] = Object.entries(options.lenses ?? {}).map(([lens, state]) => ({
    lens: lens as Lens,
    state,
    because: 'drawn so',
  }))
  return {
    target: {
      kind: 'capture',
      service: 'drawn',
      serviceFrom: 'flag',
      goVersion: options.goVersion ?? 'go1.27.3',
    },
    window: {},
    dumps,
    profiles: options.profiles ?? [],
    ...(options.leakDumps === undefined ? {} : { leakDumps: options.leakDumps }),
    lenses,
    issues: [],
  }
}

export function drawDumps(
  picture: string,
  legend: Readonly<Record<string, string>>,
  options: DrawOptions = {},
): DatedDump[] {
  const [head = '', ...lines] = picture.split('\n').filter((line) => line.trim() !== '')
  const times = head.trim().split(/\s+/).map(Number)
  const perDump: Drawn[][] = times.map(() => [])
  for (const line of lines) {
    const [ids = '', ...letters] = line.trim().split(/\s+/)
    const [from = 0, to = from] = ids.split('..').map(Number)
    for (const [at, letter] of letters.entries()) {
      if (letter === '.') continue
      const text = legend[letter]
      if (text === undefined) throw new Error(`the legend has no ${letter}`)
      for (let id = from; id <= to; id++) perDump[at]?.push({ id, text })
    }
  }
  return perDump.map((drawn, at) => ({
    source: `goroutine.${at}.txt`,
    ...(options.isTimeless === true ? {} : { atNs: (times[at] as number) * 1e9 }),
    dump: buildDump(drawn, options.isTruncated === true),
  }))
}

/** A line for a function: the same in every dump. */
export function lineOf(name: string): number {
  let sum = 1
  for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 997
  return sum + 1
}

type ParsedFrame = {
  readonly name: string
  readonly args: readonly { readonly word: bigint; readonly doubtful: boolean }[]
}

function buildDump(drawn: readonly Drawn[], isTruncated: boolean): GoroutineDump {
  const strings = openTable()
  strings.intern('')
  const frames = openTable()
  const stacks: number[][] = []
  const stackKeys = openTable()
  const rows = drawn.map(({ id, text }) => ({ id, ...parseText(text) }))
  const argStart = [0]
  const args: { depth: number; position: number; word: bigint; doubtful: boolean }[] = []
  const stackOf = rows.map(({ frames: parsed }) => {
    const own = parsed.map(({ name }) => frames.intern(name))
    const stack = stackKeys.intern(own.join())
    stacks[stack] = own
    for (const [depth, frame] of parsed.entries()) {
      for (const [position, { word, doubtful }] of frame.args.entries()) args.push({ depth, position, word, doubtful })
    }
    argStart.push(args.length)
    return stack
  })
  const creators = rows.map(({ creator }) => (creator === '' ? 0 : frames.intern(creator) + 1))
  const reasons = rows.map(({ reason }) => strings.intern(reason))
  const functions = frames.list().map((name) => strings.intern(name))
  const stackStart = [0]
  for (const own of stacks) stackStart.push((stackStart.at(-1) as number) + own.length)
  return {
    form: 'debug2',
    rowCount: rows.length,
    goroutineCount: rows.length,
    isTruncated,
    strings: strings.list(),
    ids: Float64Array.from(rows, ({ id }) => id),
    counts: new Uint32Array(rows.length).fill(1),
    reasons: Uint32Array.from(reasons),
    minutesPlusOne: new Uint32Array(rows.length),
    flags: Uint8Array.from(rows, ({ isLeaked }) => (isLeaked ? goroutineFlags.leaked : 0)),
    bubblesPlusOne: new Uint32Array(rows.length),
    stacks: Uint32Array.from(stackOf),
    creatorsPlusOne: Uint32Array.from(creators),
    creatorIds: Float64Array.from(rows, ({ creatorId }) => creatorId),
    labels: new Uint32Array(rows.length),
    lines: Uint32Array.from(rows, (_, row) => row * 10 + 1),
    labelSets: [{}],
    stackStart: Uint32Array.from(stackStart),
    stackFrames: Uint32Array.from(stacks.flat()),
    frameFunctions: Uint32Array.from(functions),
    frameFiles: new Uint32Array(functions.length),
    frameLines: Uint32Array.from(frames.list(), lineOf),
    frameInlined: new Uint8Array(functions.length),
    argStart: Uint32Array.from(argStart),
    argDepths: Uint16Array.from(args, ({ depth }) => depth),
    argPositions: Uint8Array.from(args, ({ position }) => position),
    argWords: BigUint64Array.from(args, ({ word }) => word),
    argDoubtful: Uint8Array.from(args, ({ doubtful }) => (doubtful ? 1 : 0)),
  }
}

function parseText(text: string) {
  const match = /^\[([^\]]*)\]\s*([^<]*?)(?:\s*<\s*(\S+?)(?:@(\d+))?)?$/.exec(text.trim())
  if (match === null) throw new Error(`not a goroutine: ${text}`)
  const [, status = '', stack = '', creator = '', creatorId = '0'] = match
  return {
    reason: status.replace(' (leaked)', ''),
    isLeaked: status.endsWith(' (leaked)'),
    frames: stack === '' ? [] : stack.split(' / ').map(parseFrame),
    creator,
    creatorId: Number(creatorId),
  }
}

function parseFrame(text: string): ParsedFrame {
  const open = text.lastIndexOf('(')
  const inner = open < 0 ? '' : text.slice(open + 1, text.lastIndexOf(')')).trim()
  const words = inner === '' ? [] : inner.split(/,\s*/)
  return {
    name: open < 0 ? text.trim() : text.slice(0, open).trim(),
    args: words.map((word) => ({ word: BigInt(word.replace('?', '')), doubtful: word.endsWith('?') })),
  }
}

function openTable() {
  const at = new Map<string, number>()
  return {
    intern(text: string): number {
      const known = at.get(text)
      if (known !== undefined) return known
      at.set(text, at.size)
      return at.size - 1
    },
    list: () => [...at.keys()],
  }
}
