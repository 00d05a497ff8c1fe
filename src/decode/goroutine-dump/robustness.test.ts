/** Hostile and unlucky input: cut anywhere, bytes flipped, any chunking, texts printed from random goroutines. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type GoroutineDump,
  goroutineFlags,
  hasFlag,
  listArgs,
  readFrame,
  readReason,
  readStack,
} from '../../model/goroutine-dump.ts'
import type { Decoded } from '../../model/issue.ts'
import { DumpFeeder } from './dump-feeder.ts'
import { decodeGoroutineDump, decodeGoroutineDumps, detectGoroutineDump, detectOtherRuntime } from './goroutine-dump.ts'
import { fillLimits } from './limits.ts'

const SEED = 20261122
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

const SIGQUIT = `2026/11/22 18:28:26 listening on :8080
SIGQUIT: quit
PC=0x46a3e1 m=0 sigcode=0

goroutine 0 gp=0x5c5e60 m=0 mp=0x5c6860 [idle]:
runtime.futex(0x5c69a8, 0x80, 0x0, 0x0, 0x0, 0x0)
\t/usr/local/go/src/runtime/sys_linux_amd64.s:558 +0x21 fp=0x7ffd3b0 sp=0x7ffd3a8 pc=0x46a3e1
runtime.mstart0()
\t/usr/local/go/src/runtime/proc.go:1856 +0x8d fp=0x7ffd3d0 sp=0x7ffd3c0 pc=0x43b88d

goroutine 1 gp=0xc0000061c0 m=nil [chan receive, 2 minutes, locked to thread] {op: "a \\"b", t: x}:
main.(*T).wait(0xc000010000?, {0x1, {0x2?, _}, ...}, 0xffffffffffffffff)
\t/srv/my app/t.go:12 +0x1d
main.run[...](...)
\t/srv/main.go:7
...12 frames elided...
main.main()
\t/srv/main.go:30 +0x5c

goroutine 18 [select (durable), synctest bubble 4]:
main.g(0x3)
\t/srv/main.go:2 +0x1
created by main.main in goroutine 1
\t/srv/main.go:30 +0x5c

goroutine 19 [running]:
\tgoroutine running on other thread; stack unavailable
created by main.main in goroutine 1
\t/srv/main.go:31 +0x6c

rax    0xca
rip    0x46a3e1
-----

SIGQUIT: quit
PC=0x46a3e1 m=3 sigcode=0

goroutine 19 [running]:
main.spin(0x9)
\t/srv/main.go:40 +0x3
created by main.main in goroutine 1
\t/srv/main.go:31 +0x6c
exit status 2
`

const DEBUG1 = `goroutine profile: total 5
3 @ 0x43a556 0x406b9c 0x4b2c1f
# labels: {"op":"a b", "q\\"":"}:"}
#\t0x4b2c1e\tmain.(*T).wait+0x3e\t/srv/my app/t.go:12
#\t0x4b2d00\tmain.main.func1+0x20\t\t/srv/main.go:30

2 @ 0x43a556 0x46a801
#\t0x43a555\ttime.Sleep+0x114\t/usr/local/go/src/runtime/time.go:363
#\t0x46a800
`

/** Every column in range, whatever the text was. */
function checkTable(dump: GoroutineDump): void {
  const frames = dump.frameFunctions.length
  const stacks = dump.stackStart.length - 1
  assert.equal(dump.counts.length, dump.rowCount)
  assert.equal(dump.argStart.length, dump.rowCount + 1)
  assert.equal(dump.argStart[dump.rowCount], dump.argWords.length)
  assert.equal(dump.stackStart[stacks], dump.stackFrames.length)
  assert.equal(
    dump.goroutineCount,
    dump.counts.reduce((sum, count) => sum + count, 0),
  )
  for (const frame of dump.stackFrames) assert.ok(frame < frames)
  for (let frame = 0; frame < frames; frame++) assert.equal(typeof readFrame(dump, frame).function, 'string')
  for (let row = 0; row < dump.rowCount; row++) {
    assert.ok((dump.stacks[row] as number) < stacks)
    assert.ok((dump.creatorsPlusOne[row] as number) <= frames)
    assert.ok((dump.labels[row] as number) < dump.labelSets.length)
    assert.ok((dump.argStart[row] as number) <= (dump.argStart[row + 1] as number))
    assert.equal(typeof readReason(dump, row), 'string')
    const depth = readStack(dump, dump.stacks[row] as number).length
    for (const arg of listArgs(dump, row)) assert.ok(arg.depth < depth)
  }
}

function checkAny(bytes: Uint8Array): Decoded<GoroutineDump> | undefined {
  assert.ok(['yes', 'maybe', 'no'].includes(detectGoroutineDump(bytes)))
  detectOtherRuntime(bytes)
  const result = decodeGoroutineDump(bytes)
  if (result.ok) {
    checkTable(result.value.value)
    return result.value
  }
  assert.match(result.error.code, /^SL_DECODE_/)
  assert.equal(result.error.detail?.offset, bytes.length)
  return undefined
}

for (const [name, text] of Object.entries({ SIGQUIT, DEBUG1 })) {
  test(`${name}: cut at every byte it gives what stands before the cut, or a code and an offset`, () => {
    const bytes = encode(text)
    for (let end = 0; end < bytes.length; end++) {
      const decoded = checkAny(bytes.subarray(0, end))
      if (decoded === undefined) continue
      for (const issue of decoded.issues) assert.match(issue.code, /^SL_DECODE_/)
      const isInside = bytes[end - 1] !== 10
      if (isInside && decoded.value.isTruncated) assert.ok(decoded.issues.some((i) => i.code === 'SL_DECODE_DUMP_CUT'))
    }
  })

  test(`${name}: flipped, dropped and doubled bytes never make it throw or leave the table out of range`, () => {
    const bytes = encode(text)
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.constantFrom('set', 'drop', 'double')), {
      minLength: 1,
      maxLength: 12,
    })
    fc.assert(
      fc.property(damage, (edits) => {
        const damaged = [...bytes]
        for (const [at, byte, kind] of edits) {
          if (kind === 'set') damaged[at % damaged.length] = byte
          else damaged.splice(at % damaged.length, kind === 'drop' ? 1 : 0, ...(kind === 'double' ? [byte] : []))
        }
        checkAny(Uint8Array.from(damaged))
      }),
      { seed: SEED, numRuns: 2000 },
    )
  })
}

test('a cut inside a goroutine marks the dump and the goroutine', () => {
  const whole = encode(
    'goroutine 1 [select]:\nmain.f()\n\t/x.go:1 +0x1\n\ngoroutine 2 [select]:\nmain.g()\n\t/x.go:22 +0x1\n',
  )
  for (const cut of [12, 13, 16, 20, 22, 30]) {
    const result = decodeGoroutineDump(whole.subarray(0, whole.length - cut))
    assert.ok(result.ok)
    const dump = result.value.value
    assert.equal(dump.isTruncated, true, `${cut}`)
    assert.ok(dump.rowCount === 1 || hasFlag(dump, 1, 'cut'))
  }
})

test('a line number that a cut may have shortened is not believed', () => {
  const result = decodeGoroutineDump(encode('goroutine 2 [select]:\nmain.g()\n\t/x.go:22'))
  assert.ok(result.ok)
  const dump = result.value.value
  assert.deepEqual(readStack(dump, 0), [{ function: 'main.g', inlined: false }])
})

function decodeInChunks(bytes: Uint8Array, cuts: readonly number[], windowBytes: number): Decoded<GoroutineDump>[] {
  const dumps: Decoded<GoroutineDump>[] = []
  const feeder = new DumpFeeder(fillLimits(), (dump) => dumps.push(dump), windowBytes)
  let at = 0
  for (const cut of cuts) {
    const to = Math.min(bytes.length, at + cut)
    feeder.push(bytes.slice(at, to))
    at = to
  }
  feeder.push(bytes.slice(at))
  feeder.finish()
  return dumps
}

/** Long enough for the fast path, with a dump, other lines, a prefixed dump and one with carriage returns. */
function printMixedLog(): string {
  const rows = Array.from({ length: 120 }, (_, id) =>
    [
      `goroutine ${id + 100} [${id % 3 === 0 ? 'select' : 'IO wait, 3 minutes'}]${id % 5 === 0 ? ' {a: b}' : ''}:`,
      `main.(*T).f(0x${id.toString(16)}, {0x1?, ...})`,
      '\t/srv/a.go:10 +0x12',
      ...(id % 7 === 0 ? ['main.inlined(...)', '\t/srv/a.go:99'] : []),
      `created by main.main in goroutine ${id}`,
      '\t/srv/main.go:7 +0x1',
      '',
    ].join('\n'),
  ).join('\n')
  const prefixed = SIGQUIT.split('\n').map((line) => `app-1  | ${line}`)
  return `${SIGQUIT}\nlevel=info msg=hello\n${rows}\n${prefixed.join('\n')}\n${rows.replaceAll('\n', '\r\n')}`
}

test('any chunking and any window give the tables that the whole text gives', () => {
  const bytes = encode(printMixedLog())
  const whole = decodeGoroutineDumps(bytes)
  assert.ok(whole.ok)
  assert.ok(whole.value.length >= 4)
  for (const size of [1, 2, 3, 7, 64, 1000, 5000]) {
    const cuts = Array.from({ length: Math.ceil(bytes.length / size) }, () => size)
    assert.deepEqual(decodeInChunks(bytes, cuts, size), whole.value, `${size}`)
  }
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 6000 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 20000 }),
      (cuts, window) => {
        assert.deepEqual(decodeInChunks(bytes, cuts, window), whole.value)
      },
    ),
    { seed: SEED, numRuns: 60 },
  )
})

type Word = { readonly word: bigint; readonly doubtful: boolean }
type Frame = {
  readonly function: string
  readonly file: string
  readonly line: number
  readonly inlined: boolean
  readonly words: readonly Word[]
}
type Goroutine = {
  readonly reason: string
  readonly minutes: number
  readonly flags: readonly ('leaked' | 'scan' | 'durable' | 'lockedToThread' | 'framesElided')[]
  readonly bubble: number
  readonly labels: Readonly<Record<string, string>>
  readonly frames: readonly Frame[]
  readonly creator: { readonly frame: Frame; readonly id: number } | undefined
}

/** Prints as goroutineheader and traceback2 of runtime/traceback.go do (Go 1.27). */
function printGoroutine(goroutine: Goroutine, id: number): string {
  const has = (flag: Goroutine['flags'][number]) => goroutine.flags.includes(flag)
  let text = `goroutine ${id} [${goroutine.reason}`
  if (has('leaked')) text += ' (leaked)'
  if (has('scan')) text += ' (scan)'
  if (has('durable')) text += ' (durable)'
  if (goroutine.minutes > 0) text += `, ${goroutine.minutes} minutes`
  if (has('lockedToThread')) text += ', locked to thread'
  if (goroutine.bubble > 0) text += `, synctest bubble ${goroutine.bubble}`
  const labels = Object.entries(goroutine.labels)
  text +=
    labels.length === 0 ? ']:\n' : `] {${labels.map(([key, value]) => `${quote(key)}: ${quote(value)}`).join(', ')}}:\n`
  for (const frame of goroutine.frames) text += printFrame(frame)
  if (has('framesElided')) text += '...7 frames elided...\n'
  if (goroutine.creator === undefined) return text
  const { frame, id: parent } = goroutine.creator
  return `${text}created by ${frame.function}${parent > 0 ? ` in goroutine ${parent}` : ''}\n\t${frame.file}:${frame.line} +0x5c\n`
}

function printFrame(frame: Frame): string {
  const words = frame.words.map(({ word, doubtful }) => `0x${word.toString(16)}${doubtful ? '?' : ''}`)
  const grouped = words.length > 2 ? [`{${words.slice(0, 2).join(', ')}}`, ...words.slice(2)] : words
  const place = `\t${frame.file}:${frame.line}${frame.inlined ? '' : ' +0x1d'}\n`
  return `${frame.function}(${frame.inlined ? '...' : grouped.join(', ')})\n${place}`
}

/** printquoted of runtime/print.go. */
function quote(text: string): string {
  if (/^[a-zA-Z0-9./_]*$/.test(text)) return text
  let quoted = ''
  for (const letter of text) {
    const code = letter.codePointAt(0) as number
    if (letter === '\n') quoted += '\\n'
    else if (letter === '\r') quoted += '\\r'
    else if (letter === '\t') quoted += '\\t'
    else if (letter === '\\' || letter === '"') quoted += `\\${letter}`
    else if (code >= 32 && code <= 126) quoted += letter
    else if (code < 127) quoted += `\\x${code.toString(16).padStart(2, '0')}`
    else if (code < 0x10000) quoted += `\\u${code.toString(16).padStart(4, '0')}`
    else quoted += `\\U${code.toString(16).padStart(8, '0')}`
  }
  return `"${quoted}"`
}

const functionNames = fc.oneof(
  fc.constantFrom(
    'main.main',
    'main.F[...]',
    'net/http.(*conn).serve',
    'main.(*box[...]).put[...].func1',
    'gopkg.in/yaml%2ev3.f',
    'main.größe',
    'panic',
    'main.T.m-fm',
    'main.f.gowrap1',
    'example.com/a b.f',
  ),
  fc.stringMatching(/^[a-z]{1,6}(\/[a-zé.]{1,5}){0,2}\.(\(\*?[A-Z][a-z]{0,5}\)\.)?[a-zA-Z]{1,8}(\.func\d){0,2}$/),
)
const files = fc.oneof(
  fc.constantFrom(
    '/srv/my app (v2)/x:1/t.go',
    'C:/Program Files (x86)/go/a.go',
    '_cgo_gotypes.go',
    '<autogenerated>',
    '?',
    '/a b+0x1/c.go',
    '/größe/ü.go',
  ),
  fc.stringMatching(/^(\/[a-z .:()]{0,8}[a-z]){1,4}\.go$/),
)
const frames: fc.Arbitrary<Frame> = fc
  .record({
    function: functionNames,
    file: files,
    line: fc.integer({ min: 1, max: 99999 }),
    inlined: fc.boolean(),
    words: fc.array(fc.record({ word: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), doubtful: fc.boolean() }), {
      maxLength: 6,
    }),
  })
  .map((frame) => (frame.inlined ? { ...frame, words: [] } : frame))
const goroutines: fc.Arbitrary<Goroutine> = fc.record({
  reason: fc.constantFrom(
    'chan receive',
    'chan receive (nil chan)',
    'select (no cases)',
    'sync.RWMutex.RLock',
    'GC worker (idle)',
    'runnable',
    '???',
  ),
  minutes: fc.nat(4),
  flags: fc.subarray(['leaked', 'scan', 'durable', 'lockedToThread', 'framesElided'] as const),
  bubble: fc.nat(3),
  labels: fc.dictionary(fc.string({ unit: 'binary', maxLength: 6 }), fc.string({ unit: 'binary', maxLength: 8 }), {
    maxKeys: 3,
  }),
  frames: fc.array(frames, { minLength: 1, maxLength: 8 }),
  creator: fc.option(fc.record({ frame: frames, id: fc.nat(50) }), { nil: undefined }),
})

/** What of the table must equal what was printed. */
function describeRow(dump: GoroutineDump, row: number): Goroutine {
  const words = listArgs(dump, row)
  const creator = dump.creatorsPlusOne[row] as number
  const flagNames = ['leaked', 'scan', 'durable', 'lockedToThread', 'framesElided'] as const
  return {
    reason: readReason(dump, row),
    minutes: Math.max(0, (dump.minutesPlusOne[row] as number) - 1),
    flags: flagNames.filter((flag) => hasFlag(dump, row, flag)),
    bubble: Math.max(0, (dump.bubblesPlusOne[row] as number) - 1),
    labels: dump.labelSets[dump.labels[row] as number] as Record<string, string>,
    frames: readStack(dump, dump.stacks[row] as number).map((frame, depth) => ({
      function: frame.function,
      file: frame.file ?? '',
      line: frame.line ?? 0,
      inlined: frame.inlined,
      words: words.filter((arg) => arg.depth === depth).map(({ word, doubtful }) => ({ word, doubtful })),
    })),
    creator:
      creator === 0 ? undefined : { frame: describeCreator(dump, creator - 1), id: dump.creatorIds[row] as number },
  }
}

function describeCreator(dump: GoroutineDump, index: number): Frame {
  const frame = readFrame(dump, index)
  return { function: frame.function, file: frame.file ?? '', line: frame.line ?? 0, inlined: false, words: [] }
}

test('goroutines printed as the runtime prints them come back as they were', () => {
  fc.assert(
    fc.property(
      fc.array(goroutines, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      (printed, repeat) => {
        const all = Array.from({ length: repeat }, () => printed).flat()
        const text = all.map((goroutine, at) => printGoroutine(goroutine, at + 1)).join('\n')
        const result = decodeGoroutineDump(encode(text))
        assert.ok(result.ok)
        assert.deepEqual(result.value.issues, [])
        const dump = result.value.value
        assert.equal(dump.isTruncated, false)
        assert.deepEqual(
          [...dump.ids],
          all.map((_, at) => at + 1),
        )
        const seen = Array.from({ length: dump.rowCount }, (_, row) => describeRow(dump, row))
        const expected = all.map((goroutine) => ({
          ...goroutine,
          labels: { ...goroutine.labels },
          creator: goroutine.creator && {
            ...goroutine.creator,
            frame: { ...goroutine.creator.frame, inlined: false, words: [] },
          },
        }))
        assert.deepEqual(seen.map(plain), expected.map(plain))
      },
    ),
    { seed: SEED, numRuns: 400 },
  )
})

/** Without prototypes and with bigints as text, so that a label named __proto__ is compared as a label. */
function plain(goroutine: Goroutine): string {
  const { labels, ...rest } = goroutine
  return JSON.stringify([rest, Object.entries(labels).sort()], (_, value) =>
    typeof value === 'bigint' ? `${value}n` : value,
  )
}

test('the memory of a dump is that of its distinct parts: a long line, a deep stack and a flood of names are bounded', () => {
  const deep = `goroutine 1 [select]:\n${'main.f(0x1)\n\t/x.go:1 +0x1\n'.repeat(9000)}`
  const result = decodeGoroutineDump(encode(deep))
  assert.ok(result.ok)
  assert.ok(hasFlag(result.value.value, 0, 'framesElided'))
  assert.equal(result.value.value.stackFrames.length, 4096)
  const line = `goroutine 1 [select]:\nmain.f(0x1)\n\t/x.go:1 +0x1\n${'x'.repeat(3 * 1024 ** 2)}\nmain.g()\n\t/x.go:2 +0x1\n`
  const skipped = decodeGoroutineDump(encode(line))
  assert.ok(skipped.ok)
  assert.deepEqual(
    readStack(skipped.value.value, 0).map((frame) => frame.function),
    ['main.f', 'main.g'],
  )
  assert.equal(goroutineFlags.cut & (skipped.value.value.flags[0] as number), 0)
})
