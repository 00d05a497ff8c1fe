import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type GoroutineDump, hasFlag, listArgs, readFrame, readReason, readStack } from '../../model/goroutine-dump.ts'
import type { Decoded } from '../../model/issue.ts'
import {
  decodeGoroutineDump,
  decodeGoroutineDumpStream,
  decodeGoroutineDumps,
  detectGoroutineDump,
} from './goroutine-dump.ts'

const FIXTURES = join(import.meta.dirname, '..', '..', '..', 'testdata', 'goroutine-dump')

/** What the runtime and iter.Pull put below the function that a program starts. */
const STARTERS = /^(?:runtime\.(?:goexit|main|corostart)|iter\.Pull)/

type Truth = {
  readonly goroutines?: number
  readonly kind?: string
  readonly messages?: readonly string[]
  readonly groups?: readonly TruthGroup[]
}

/** What the recorded program knows of goroutines it started: which function, how many, what they wait on. */
type TruthGroup = {
  readonly function: string
  /** The frame that all of them are in; the start function unless said. */
  readonly frame?: string
  readonly count: number
  readonly status?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly leaked?: boolean
  readonly durable?: boolean
  readonly bubble?: boolean
  readonly locked?: boolean
  readonly creator?: string
  /** Frames of `frame`; the runtime prints 100 of a stack. */
  readonly depth?: number
}

function read(text: string): Decoded<GoroutineDump> {
  const result = decodeGoroutineDump(new TextEncoder().encode(text))
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  return result.value
}

function codesOf(decoded: Decoded<GoroutineDump>): string[] {
  return decoded.issues.map((issue) => issue.code)
}

function functionsOf(dump: GoroutineDump, row: number): string[] {
  return readStack(dump, dump.stacks[row] as number).map((frame) => frame.function)
}

function listRecordings(): { name: string; folder: string }[] {
  if (!existsSync(FIXTURES)) return []
  return readdirSync(FIXTURES).flatMap((name) =>
    readdirSync(join(FIXTURES, name)).map((go) => ({ name: `${name}/${go}`, folder: join(FIXTURES, name, go) })),
  )
}

for (const { name, folder } of listRecordings()) {
  const truth = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as Truth
  test(`the recorded dump ${name} holds what its program knows it started`, () => {
    const bytes = readFileSync(join(folder, 'dump.txt'))
    const result = decodeGoroutineDump(bytes)
    if (!bytes.includes('\ngoroutine ') && !bytes.toString().startsWith('goroutine ')) {
      assert.ok(!result.ok)
      assert.equal(result.error.code, 'SL_DECODE_NO_GOROUTINES')
      for (const message of truth.messages ?? []) {
        assert.ok(String(result.error.detail?.cause).includes(message), message)
      }
      return
    }
    assert.equal(detectGoroutineDump(bytes.subarray(0, 64 * 1024)), 'yes')
    assert.ok(result.ok)
    const dump = result.value.value
    assert.deepEqual(codesOf(result.value), [])
    assert.equal(dump.isTruncated, false)
    assert.equal(dump.form, truth.kind === undefined ? 'debug2' : 'traceback')
    if (truth.goroutines !== undefined) assert.equal(dump.goroutineCount, truth.goroutines)
    for (const message of truth.messages ?? []) {
      assert.ok(dump.cause?.replaceAll('\n\t', '\n').includes(message.replaceAll('\n\t', '\n')), message)
    }
    const areAlike = truth.groups?.some((group) => group.labels !== undefined) === true && dump.labelSets.length === 1
    for (const group of truth.groups ?? []) checkGroup(dump, group, areAlike, name)
  })
}

/** The creator's id is printed from 1.21 on, labels from 1.27 on, or when GODEBUG says so; without them, groups that only differ in them are alike. */
function checkGroup(dump: GoroutineDump, group: TruthGroup, areAlike: boolean, name: string): void {
  const hasLabels = dump.labelSets.length > 1
  let found = 0
  for (let row = 0; row < dump.rowCount; row++) {
    const functions = functionsOf(dump, row).filter((name) => !STARTERS.test(name))
    // A wrapper of the compiler's (`gowrap1`, `func1`) may stand below a function that was started with arguments.
    if (functions.at(-1) !== group.function && !group.locked && group.creator === undefined) continue
    if (!functions.includes(group.frame ?? group.function)) continue
    if (group.status !== undefined && readReason(dump, row) !== group.status) continue
    const labels = dump.labelSets[dump.labels[row] as number] ?? {}
    if (group.depth !== undefined) {
      if (hasFlag(dump, row, 'framesElided') !== group.depth > 100) continue
      const frames = functions.filter((name) => name === group.frame).length
      assert.equal(frames, Math.min(group.depth, 100))
    }
    if (hasLabels && !isSame(labels, group.labels ?? {})) continue
    if (group.leaked !== undefined) assert.equal(hasFlag(dump, row, 'leaked'), group.leaked)
    if (group.durable !== undefined) assert.equal(hasFlag(dump, row, 'durable'), group.durable)
    if (group.bubble !== undefined) assert.ok((dump.bubblesPlusOne[row] as number) > 1)
    if (group.locked !== undefined) assert.equal(hasFlag(dump, row, 'lockedToThread'), group.locked)
    if (group.creator !== undefined) {
      assert.equal(readFrame(dump, (dump.creatorsPlusOne[row] as number) - 1).function, group.creator)
      assert.equal((dump.creatorIds[row] as number) > 0, !/go1\.1\d|go1\.20/.test(name))
    }
    found += dump.counts[row] as number
  }
  if (areAlike) assert.ok(found >= group.count)
  else assert.equal(found, group.count, `${group.function} ${group.status}`)
}

function isSame(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key])
}

test('debug=1 counts the goroutines that debug=2 of the same moment lists, with the same labels', () => {
  const pairs = listRecordings().filter(({ folder }) => existsSync(join(folder, 'debug1.txt')))
  assert.ok(pairs.length > 0)
  for (const { folder, name } of pairs) {
    const groups = decodeGoroutineDump(readFileSync(join(folder, 'debug1.txt')))
    const rows = decodeGoroutineDump(readFileSync(join(folder, 'dump.txt')))
    assert.ok(groups.ok && rows.ok)
    const [debug1, debug2] = [groups.value.value, rows.value.value]
    assert.equal(debug1.form, 'debug1')
    assert.equal(debug1.goroutineCount, debug2.goroutineCount, name)
    assert.equal(debug1.ids.length, 0)
    assert.equal(debug1.isTruncated, false)
    const inDump = new Set(debug2.labelSets.map((set) => JSON.stringify(Object.entries(set).sort())))
    if (inDump.size > 1) {
      for (const set of debug1.labelSets) assert.ok(inDump.has(JSON.stringify(Object.entries(set).sort())), name)
    }
  }
})

test('the text of the leak profile marks every group of debug=1 as leaked', () => {
  const folder = join(FIXTURES, 'leaked', 'go1.27')
  const result = decodeGoroutineDump(readFileSync(join(folder, 'goroutineleak.1.txt')))
  assert.ok(result.ok)
  const dump = result.value.value
  assert.ok(dump.rowCount > 0)
  for (let row = 0; row < dump.rowCount; row++) assert.ok(hasFlag(dump, row, 'leaked'))
})

const BLOCK = `goroutine 7 [chan receive, 5 minutes, locked to thread]:
main.(*T).wait(0xc00001, {0x1?, {0x2, _}, ...}, 0xffffffffffffffff)
\t/srv/my app (v2)/x:1/t.go:12 +0x1d
main.run[...](...)
\tC:/go/src/main.go:7
created by main.main.func1 in goroutine 1
\t/srv/main.go:30 +0x5c
`

test('argument words keep frame, position, doubt and all 64 bits', () => {
  const dump = read(BLOCK).value
  assert.deepEqual(listArgs(dump, 0), [
    { depth: 0, position: 0, word: 0xc00001n, doubtful: false },
    { depth: 0, position: 1, word: 1n, doubtful: true },
    { depth: 0, position: 2, word: 2n, doubtful: false },
    { depth: 0, position: 4, word: 0xffffffffffffffffn, doubtful: false },
  ])
})

test('paths may hold spaces, colons, parentheses and drives; inlined frames are told from others', () => {
  const dump = read(BLOCK).value
  assert.deepEqual(readStack(dump, dump.stacks[0] as number), [
    { function: 'main.(*T).wait', file: '/srv/my app (v2)/x:1/t.go', line: 12, inlined: false },
    { function: 'main.run[...]', file: 'C:/go/src/main.go', line: 7, inlined: true },
  ])
  assert.equal(dump.minutesPlusOne[0], 6)
  assert.ok(hasFlag(dump, 0, 'lockedToThread'))
  assert.deepEqual(readFrame(dump, (dump.creatorsPlusOne[0] as number) - 1).function, 'main.main.func1')
  assert.equal(dump.creatorIds[0], 1)
})

test('labels are read after the bracket, inside it, and in debug=1', () => {
  const after = read(`goroutine 7 [select] {"req id": "a:b{c}", tenant: acme, e: }:\nmain.f()\n\t/x.go:1 +0x1\n`).value
  const inside = read(
    `goroutine 7 [select labels:{"req id": "a:b{c}", "q]": "\\"}\\u00e9"}]:\nmain.f()\n\t/x.go:1 +0x1\n`,
  )
  const groups = read(
    'goroutine profile: total 2\n2 @ 0x1 0x2\n# labels: {"a\\x00":"}:", "b":"c"}\n#\t0x1\tmain.f+0x0\t\t/x.go:1\n\n',
  )
  assert.deepEqual(after.labelSets[after.labels[0] as number], { 'req id': 'a:b{c}', tenant: 'acme', e: '' })
  assert.deepEqual(inside.value.labelSets[inside.value.labels[0] as number], { 'req id': 'a:b{c}', 'q]': '"}é' })
  assert.equal(readReason(inside.value, 0), 'select')
  assert.deepEqual(groups.value.labelSets[groups.value.labels[0] as number], { 'a\0': '}:', b: 'c' })
  assert.equal(groups.value.counts[0], 2)
})

test('marks of the header are taken off the reason in any combination', () => {
  const text =
    'goroutine 9 gp=0xc000 m=nil [chan receive (leaked) (scan) (durable), 2 minutes, synctest bubble 3]:\nmain.f()\n\t/x.go:1 +0x1\n'
  const dump = read(text).value
  assert.equal(readReason(dump, 0), 'chan receive')
  for (const flag of ['leaked', 'scan', 'durable'] as const) assert.ok(hasFlag(dump, 0, flag))
  assert.equal(dump.bubblesPlusOne[0], 4)
  assert.equal(dump.minutesPlusOne[0], 3)
  assert.equal(dump.form, 'traceback')
})

test('an unknown mark is an issue, and the goroutine is read', () => {
  const decoded = read('goroutine 9 [select, on the moon]:\nmain.f()\n\t/x.go:1 +0x1\n')
  assert.deepEqual(codesOf(decoded), ['SL_DECODE_UNKNOWN_MARK'])
  assert.equal(readReason(decoded.value, 0), 'select')
})

test('elided frames, unavailable stacks, frames of C and ancestors are understood', () => {
  const decoded = read(`goroutine 1 [select]:
main.f(0x1)
\t/x.go:1 +0x1
...23 frames elided...
main.g()
\t/x.go:2 +0x1

goroutine 2 [running]:
\tgoroutine running on other thread; stack unavailable
created by main.main in goroutine 1
\t/x.go:3 +0x1

goroutine 3 [syscall]:
non-Go function at pc=0x4b7a91
nanosleep_wrapper
\t/usr/src/c file.c:12 pc=0x46b2a1
non-Go function
\tpc=0x46b2a2
main.f(...)
\t/x.go:1
created by main.main
\t/x.go:3 +0x1
[originating from goroutine 1]:
main.main(...)
\t/x.go:9 +0x2
`)
  const dump = decoded.value
  assert.equal(dump.rowCount, 3)
  assert.ok(hasFlag(dump, 0, 'framesElided'))
  assert.deepEqual(functionsOf(dump, 0), ['main.f', 'main.g'])
  assert.ok(hasFlag(dump, 1, 'stackUnavailable'))
  assert.equal(dump.creatorIds[1], 1)
  assert.deepEqual(functionsOf(dump, 2), ['non-Go function', 'nanosleep_wrapper', 'non-Go function', 'main.f'])
  assert.equal(dump.creatorIds[2], 0)
  assert.deepEqual(codesOf(decoded), ['SL_DECODE_DUMP_PART_SKIPPED', 'SL_DECODE_DUMP_PART_SKIPPED'])
})

test('a thread block of the crash level gives the stack that the first listing lacked', () => {
  const dump = read(`SIGQUIT: quit
PC=0x46a3e1 m=0 sigcode=0

goroutine 0 gp=0x5 m=0 mp=0x6 [idle]:
runtime.futex(0x1)
\t/r.s:1 +0x1 fp=0x7ffd sp=0x7ffe pc=0x46a3e1

goroutine 5 gp=0x7 m=3 mp=0x8 [running]:
\tgoroutine running on other thread; stack unavailable

goroutine 6 gp=0x7 m=nil [select]:
main.g(0x3)
\t/x.go:2 +0x1 fp=0x1 sp=0x2 pc=0x3

rax    0x0
rip    0x46a3e1

-----

SIGQUIT: quit
PC=0x46a3e1 m=3 sigcode=0

goroutine 5 gp=0x7 m=3 mp=0x8 [running]:
main.spin(0x4)
\t/x.go:9 +0x1 fp=0x1 sp=0x2 pc=0x3

rax    0x0
`).value
  assert.deepEqual([...dump.ids], [0, 6, 5])
  assert.deepEqual(functionsOf(dump, 2), ['main.spin'])
  assert.deepEqual(
    listArgs(dump, 1).map((arg) => arg.word),
    [3n],
  )
  assert.deepEqual(
    listArgs(dump, 2).map((arg) => arg.word),
    [4n],
  )
  assert.equal(dump.cause, 'SIGQUIT: quit')
  assert.equal(dump.goroutineCount, 3)
})

test('carriage returns, terminal colours, a byte order mark and UTF-16 change nothing', () => {
  const plain = read(BLOCK)
  const coloured = BLOCK.replace('main.(*T)', '\u001b[31mmain.(*T)\u001b[0m').replace(
    'goroutine 7',
    '\u001b[1;32mgoroutine\u001b[0m 7',
  )
  const wide = new Uint8Array(2 + BLOCK.length * 2)
  wide.set([0xff, 0xfe])
  for (let at = 0; at < BLOCK.length; at++) wide[2 + at * 2] = BLOCK.charCodeAt(at)
  for (const text of [BLOCK.replaceAll('\n', '\r\n'), coloured, `\ufeff${BLOCK}`]) assert.deepEqual(read(text), plain)
  assert.equal(detectGoroutineDump(wide), 'yes')
  const result = decodeGoroutineDump(wide)
  assert.ok(result.ok)
  assert.deepEqual(result.value, plain)
})

const PREFIXES: Readonly<Record<string, (line: number) => string>> = {
  'docker and Kubernetes time stamps': (line) => `2026-11-22T18:28:26.${900 + line}Z stderr F `,
  'rsyslog, which escapes tabs': () => 'Nov 22 18:28:26 host-1 service: ',
  journald: () => 'Nov 22 18:28:26 host-1 service[4711]: ',
  compose: () => 'orders-1  | ',
  'kubectl --prefix': () => '[pod/orders-7d9f/main] ',
  indentation: () => '    ',
}

for (const [shipper, prefix] of Object.entries(PREFIXES)) {
  test(`a dump behind the prefixes of ${shipper} is read as if it stood alone`, () => {
    const text = `panic: boom\n\n${BLOCK}\n${BLOCK.replace('goroutine 7', 'goroutine 8')}`
    const shipped = text
      .split('\n')
      .map((line) => (shipper.startsWith('rsyslog') ? line.replace(/^\t/, '#011') : line))
      .map((line, at) => `${prefix(at)}${line}`.trimEnd())
      .join('\n')
    assert.equal(detectGoroutineDump(new TextEncoder().encode(shipped)), 'yes')
    assert.deepEqual(read(shipped), read(text))
  })
}

test('a dump in lines of docker json-file is read as if it stood alone', () => {
  const wrapped = BLOCK.split('\n')
    .slice(0, -1)
    .map((line) => `${JSON.stringify({ log: `${line}\n`, stream: 'stderr', time: '2026-11-22T18:28:26Z' })}\n`)
    .join('')
  assert.deepEqual(read(wrapped), read(BLOCK))
})

test('a prefix that only the first line has is taken off that line', () => {
  const dump = read(`2026/11/22 18:28:26 recovered: goroutine 7 [running]:\nmain.f(0x1)\n\t/x.go:1 +0x1\n`).value
  assert.deepEqual([...dump.ids], [7])
  assert.equal(dump.lines[0], 1)
})

test('a prefix of no constant shape is refused with a message that says so', () => {
  const result = decodeGoroutineDump(
    new TextEncoder().encode('a: goroutine 7 [running]:\nb: main.f()\nc: \t/x.go:1 +0x1\n'),
  )
  assert.ok(!result.ok)
  assert.equal(result.error.code, 'SL_DECODE_NO_GOROUTINES')
  assert.match(result.error.message, /prefix/)
})

test('log lines between the frames of a goroutine are left out and counted', () => {
  const decoded = read(BLOCK.replace('main.run[...]', '2026/11/22 level=info msg="hello"\nmain.run[...]'))
  assert.deepEqual(functionsOf(decoded.value, 0), ['main.(*T).wait', 'main.run[...]'])
  assert.deepEqual(codesOf(decoded), ['SL_DECODE_DUMP_PART_SKIPPED'])
})

test('of several dumps the one with the most goroutines is taken; all of them can be had', () => {
  const noise = '2026/11/22 18:28:26 level=info msg=served\n'
  const trace = `http: panic serving 10.0.0.7: boom\ngoroutine 34 [running]:\nmain.f()\n\t/x.go:1 +0x1\n`
  const full = `SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\n${BLOCK}\n${BLOCK.replace('goroutine 7', 'goroutine 8')}\nrax    0x0\n`
  const text = `${noise}${trace}${noise}${full}${noise}${trace}exit status 2\n`
  const decoded = read(text)
  assert.deepEqual([...decoded.value.ids], [7, 8])
  assert.equal(decoded.value.cause, 'SIGQUIT: quit')
  assert.deepEqual(codesOf(decoded), ['SL_DECODE_SEVERAL_DUMPS'])
  const all = decodeGoroutineDumps(new TextEncoder().encode(text))
  assert.ok(all.ok)
  assert.deepEqual(
    all.value.map((dump) => dump.value.rowCount),
    [1, 2, 1],
  )
})

test('two dumps of one process put one after the other are two dumps', () => {
  const all = decodeGoroutineDumps(new TextEncoder().encode(`${BLOCK}\n${BLOCK}`))
  assert.ok(all.ok)
  assert.equal(all.value.length, 2)
  assert.equal(all.value[1]?.value.lines[0], 9)
})

test('a dump of exactly 64 MiB is known to be capped by the runtime', () => {
  const size = 64 * 1024 * 1024
  const bytes = new Uint8Array(size)
  const encoder = new TextEncoder()
  let at = 0
  for (let id = 1; at < size; id++) {
    const block = encoder.encode(`goroutine ${id} [select]:\nmain.f(0x${id.toString(16)})\n\t/x.go:1 +0x1\n\n`)
    bytes.set(block.subarray(0, size - at), at)
    at += block.length
  }
  const result = decodeGoroutineDump(bytes)
  assert.ok(result.ok)
  assert.equal(result.value.value.isTruncated, true)
  assert.ok(codesOf(result.value).includes('SL_DECODE_DUMP_CAPPED'))
  const shorter = decodeGoroutineDump(bytes.subarray(0, bytes.lastIndexOf(10, size - 200) + 1))
  assert.ok(shorter.ok)
  assert.ok(!codesOf(shorter.value).includes('SL_DECODE_DUMP_CAPPED'))
})

test('limits end the reading or leave words out, and say so', () => {
  const text = Array.from({ length: 50 }, (_, id) => BLOCK.replace('goroutine 7', `goroutine ${id + 1}`)).join('\n')
  const bytes = new TextEncoder().encode(text)
  for (const limits of [{ maxGoroutines: 10 }, { maxBytes: 2000 }, { maxStackFrames: 1 }, { maxTextBytes: 10 }]) {
    const result = decodeGoroutineDump(bytes, limits)
    assert.ok(result.ok)
    assert.ok(result.value.value.rowCount < 50)
    assert.equal(result.value.value.isTruncated, true)
    assert.ok(codesOf(result.value).includes('SL_DECODE_TOO_LARGE'))
  }
  const words = decodeGoroutineDump(bytes, { maxArgWords: 7 })
  assert.ok(words.ok)
  assert.equal(words.value.value.rowCount, 50)
  assert.equal(words.value.value.argWords.length, 7)
  assert.deepEqual(codesOf(words.value), ['SL_DECODE_TOO_LARGE'])
})

test('nothing, noise, and a crash without goroutines each have their own fault', async () => {
  const cases: [string, string][] = [
    ['', 'SL_DECODE_EMPTY'],
    ['hello\nworld\n', 'SL_DECODE_NO_GOROUTINES'],
    ['Full thread dump OpenJDK 64-Bit Server VM (21+35 mixed mode):\n', 'SL_DECODE_OTHER_RUNTIME'],
  ]
  for (const [text, code] of cases) {
    const bytes = new TextEncoder().encode(text)
    const whole = decodeGoroutineDump(bytes)
    const streamed = await decodeGoroutineDumpStream(
      (async function* () {
        yield bytes
      })(),
    )
    assert.ok(!whole.ok && !streamed.ok)
    assert.equal(whole.error.code, code)
    assert.deepEqual(streamed.error, whole.error)
    assert.equal(whole.error.detail?.offset, bytes.length)
  }
  const race = decodeGoroutineDump(
    new TextEncoder().encode(
      '==================\nWARNING: DATA RACE\nRead at 0x00c000 by goroutine 7:\n  main.f()\n      /x.go:1 +0x1\n\nGoroutine 7 (running) created at:\n  main.main()\n      /x.go:2 +0x1\n',
    ),
  )
  assert.ok(!race.ok)
  assert.match(race.error.message, /race detector/)
  const crash = decodeGoroutineDump(new TextEncoder().encode('panic: boom\n'))
  assert.ok(!crash.ok)
  assert.match(crash.error.message, /panic: boom/)
})

test('detection says no to other formats, maybe to logs, and yes to a header anywhere in the head', () => {
  const detect = (text: string) => detectGoroutineDump(new TextEncoder().encode(text))
  assert.equal(detect(BLOCK), 'yes')
  assert.equal(detect(`${'a log line\n'.repeat(100)}${BLOCK}`), 'yes')
  assert.equal(detect('goroutine profile: total 3\n'), 'yes')
  assert.equal(detect('a log line\n'), 'maybe')
  assert.equal(detect('panic: boom\n'), 'maybe')
  for (const other of ['', '{"a":1}', '<html>', '# HELP a b\n', '\0\0\0', '[1,2]'])
    assert.equal(detect(other), 'no', other)
})
