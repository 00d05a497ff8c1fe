/**
 * `npm run judge:servers`: healthy Go servers from Debian, each on loopback under a small load, diagnosed live by the
 * product, with and without the leak profile. Prints per server how many goroutines got which verdict and what the
 * idle table alone says of one dump; every group called stuck or leaked with its reason. Exits 1 when any is called
 * that at `probable` or `certain`: there is nothing wrong with these servers.
 *
 *   node scripts/judge/servers.ts [--only NAME,...] [--table] [--keep DIR]   (--table: the idle table alone)
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { idlePatterns, matchIdle } from '../../src/analyze/idle/registry.ts'
import { err, ok, type Result } from '../../src/base/result.ts'
import { decodeGoroutineDump } from '../../src/decode/goroutine-dump/goroutine-dump.ts'
import type { DiagnoseData, GroupVerdict } from '../../src/model/diagnosis.ts'
import { readFrame, readReason, readStack } from '../../src/model/goroutine-dump.ts'
import { runTool } from '../setup/run-tool.ts'
import { unpackPackage } from '../setup/servers.ts'
import { type Place, type Server, type Start, servers } from './servers/list.ts'
import { applyLoad } from './servers/load.ts'

type TableShare = {
  readonly goroutines: number
  readonly named: number
  readonly shape: number
  readonly other: readonly string[]
}

type Diagnosis = {
  readonly counts: Readonly<Record<GroupVerdict, number>>
  readonly goroutines: number
  readonly groups: number
  readonly grade: string
  /** Called stuck or leaked: at probable or certain, and at possible. */
  readonly alarms: readonly string[]
  readonly maybes: readonly string[]
}

type Row = {
  readonly server: Server
  readonly table?: TableShare
  readonly with?: Diagnosis
  readonly without?: Diagnosis
  readonly failure?: string
}

const flags = parseArgs({
  options: { only: { type: 'string' }, table: { type: 'boolean' }, keep: { type: 'string' } },
}).values
/** Neither idle nor anything else that waits: left out of the table's shares. */
const movingStates: ReadonlySet<string> = new Set(['running', 'runnable', 'preempted'])
/** Long enough for what starts late: Prometheus makes its scrape loops after five seconds. */
const WARM_UP_MS = 7_000
const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts')

async function judgeServer(server: Server): Promise<Row> {
  const unpacked = await unpackPackage(server.package, server.suite)
  if (!unpacked.ok) return { server, failure: unpacked.error }
  const dir = mkdtempSync(join(tmpdir(), `sightline-${server.name}-`))
  const stop = new AbortController()
  let child: ChildProcess | undefined
  try {
    const place: Place = { dir, root: unpacked.value, ports: await findPorts() }
    const start = server.start(place)
    const binary = join(unpacked.value, server.binary)
    const prepared = await prepare(binary, start, dir)
    if (prepared !== undefined) return { server, failure: prepared }
    const env = { ...process.env, ...start.env }
    child = spawn(binary, start.args, { cwd: dir, env, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr?.on('data', (data: Buffer) => {
      said = (said + data.toString('utf8')).slice(-600)
    })
    child.on('error', () => {})
    if (!(await waitUntilUp(start.pprof, child))) return { server, failure: `did not come up: ${said}` }
    const load = applyLoad(start.load, stop.signal)
    await wait(WARM_UP_MS)
    const dump = await fetchText(`${start.pprof}/debug/pprof/goroutine?debug=2`)
    if (!dump.ok) return { server, failure: dump.error }
    if (flags.keep !== undefined && !server.heldOut) keepText(flags.keep, `${server.name}.txt`, dump.value)
    const table = shareOfTable(dump.value)
    if (flags.table === true) return { server, table }
    const found = await diagnose(start.pprof, [])
    const blind = await diagnose(start.pprof, ['--without', 'goroutineleak'])
    stop.abort()
    const { answered, failed } = await load
    if (answered === 0 && failed > 0) return { server, table, failure: `no request of ${failed} was answered` }
    if (!found.ok || !blind.ok)
      return { server, table, failure: [found, blind].map((one) => (one.ok ? '' : one.error)).join(' ') }
    return { server, table, with: found.value, without: blind.value }
  } finally {
    stop.abort()
    await end(child)
    rmSync(dir, { recursive: true, force: true })
  }
}

async function prepare(binary: string, start: Start, dir: string): Promise<string | undefined> {
  for (const [name, text] of Object.entries(start.files ?? {})) writeFileSync(join(dir, name), text)
  if (start.prepare !== undefined) {
    const done = await runTool(binary, start.prepare, {
      cwd: dir,
      env: { ...process.env, ...start.env },
      timeoutMs: 30_000,
    })
    if (done.failure !== undefined) return `${start.prepare[0]} ${done.failure}`
  }
  for (const [name, edits] of Object.entries(start.edit ?? {})) {
    const path = join(dir, name)
    writeFileSync(
      path,
      edits.reduce((text, [from, to]) => text.replace(from, to), readFileSync(path, 'utf8')),
    )
  }
  return undefined
}

async function waitUntilUp(pprof: string, child: ChildProcess): Promise<boolean> {
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt++) {
    const answer = await fetchText(`${pprof}/debug/pprof/goroutine?debug=2`)
    if (answer.ok) return true
    await wait(200)
  }
  return false
}

/** node:http and not fetch: what fetch adds for browsers makes some servers refuse. */
function fetchText(address: string): Promise<Result<string, string>> {
  return new Promise((resolve) => {
    const outgoing = get(address, { timeout: 10_000 }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('error', (error) => resolve(err(`${address}: ${error.message}`)))
      answer.on('end', () => {
        const isOk = answer.statusCode === 200
        resolve(isOk ? ok(Buffer.concat(parts).toString('utf8')) : err(`${address} answered ${answer.statusCode}`))
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')))
    outgoing.on('error', (error) => resolve(err(`${address}: ${error.message}`)))
  })
}

/** What the idle table says of each waiting goroutine of one dump. */
function shareOfTable(text: string): TableShare {
  const decoded = decodeGoroutineDump(new TextEncoder().encode(text))
  if (!decoded.ok) return { goroutines: 0, named: 0, shape: 0, other: [decoded.error.code] }
  const dump = decoded.value.value
  const other = new Map<string, number>()
  let waiting = 0
  let named = 0
  let shape = 0
  for (let row = 0; row < dump.rowCount; row++) {
    const functions = readStack(dump, dump.stacks[row] as number).map((frame) => frame.function)
    const creator = dump.creatorsPlusOne[row] as number
    const waitReason = readReason(dump, row)
    if (movingStates.has(waitReason)) continue
    waiting += 1
    const pattern = matchIdle({
      waitReason,
      functions,
      ...(creator === 0 ? {} : { createdBy: readFrame(dump, creator - 1).function }),
    })
    if (pattern?.strength === 'named') named += 1
    else if (pattern !== undefined) shape += 1
    else {
      const key = `${waitReason}: ${functions.slice(0, 4).join(' < ')}`
      other.set(key, (other.get(key) ?? 0) + 1)
    }
  }
  return { goroutines: waiting, named, shape, other: [...other].map(([key, count]) => `${count} × ${key}`) }
}

async function diagnose(pprof: string, args: readonly string[]): Promise<Result<Diagnosis, string>> {
  const done = await runTool(process.execPath, [main, 'diagnose', pprof, '--json', ...args], {
    timeoutMs: 120_000,
    maxBytes: 64 * 1024 * 1024,
  })
  try {
    const envelope = JSON.parse(done.stdout.toString('utf8')) as {
      ok: boolean
      data: DiagnoseData
      error: { code: string; message: string } | null
    }
    if (!envelope.ok) return err(`diagnose: ${envelope.error?.code} ${envelope.error?.message}`)
    return ok(summarise(envelope.data))
  } catch {
    return err(`diagnose ${done.failure ?? 'printed no JSON'}`)
  }
}

function summarise(data: DiagnoseData): Diagnosis {
  const counts = { stuck: 0, leaked: 0, slow: 0, idle: 0, busy: 0, unknown: 0 }
  const alarms: string[] = []
  const maybes: string[] = []
  for (const group of data.goroutines.groups) {
    counts[group.verdict] += group.count
    if (group.verdict !== 'stuck' && group.verdict !== 'leaked') continue
    const line = `${group.count} × ${group.verdict}/${group.confidence} ${group.waitReason ?? group.state} ${group.userFunction} (${group.topFunction}): ${group.why}`
    ;(group.confidence === 'possible' ? maybes : alarms).push(line)
  }
  const { count, groups } = data.goroutines
  return { counts, goroutines: count, groups: groups.length, grade: data.verdict.grade, alarms, maybes }
}

async function findPorts(): Promise<[number, number, number, number]> {
  const held = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = held.map((server) => (server.address() as { port: number }).port)
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports as [number, number, number, number]
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.pid === undefined) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await Promise.race([
    gone,
    wait(3_000)
      .then(() => child.kill('SIGKILL'))
      .then(() => gone),
  ])
}

function keepText(folder: string, name: string, text: string): void {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(0)}%`
}

function printRow(row: Row): void {
  const { server, table } = row
  const out = (line: string) => process.stdout.write(`${line}\n`)
  out(`\n${server.name} (${server.package}/${server.suite}${server.heldOut ? ', held out' : ''})`)
  if (table !== undefined) {
    const { goroutines, named, shape } = table
    out(
      `  idle table on one dump: ${goroutines} waiting goroutines, named ${percent(named, goroutines)}, shape ${percent(shape, goroutines)}`,
    )
    if (!server.heldOut) for (const line of table.other) out(`    none: ${line}`)
  }
  for (const [name, found] of [
    ['with leak profile', row.with],
    ['without', row.without],
  ] as const) {
    if (found === undefined) continue
    const shares = Object.entries(found.counts).filter(([, count]) => count > 0)
    const shown = shares.map(([verdict, count]) => `${verdict} ${percent(count, found.goroutines)}`).join(', ')
    out(`  ${name}: ${found.goroutines} goroutines in ${found.groups} groups, ${shown}; grade ${found.grade}`)
    for (const line of found.alarms) out(`    ALARM ${line}`)
    for (const line of found.maybes) out(`    maybe ${line}`)
  }
  if (row.failure !== undefined) out(`  FAILED ${row.failure}`)
}

const wanted = flags.only?.split(',')
const rows: Row[] = []
for (const server of servers.filter(({ name }) => wanted === undefined || wanted.includes(name))) {
  const row = await judgeServer(server)
  rows.push(row)
  printRow(row)
}
for (const heldOut of [false, true]) {
  const tables = rows
    .filter((row) => row.server.heldOut === heldOut)
    .flatMap((row) => (row.table === undefined ? [] : [row.table]))
  const sum = (pick: (table: TableShare) => number): number => tables.reduce((total, table) => total + pick(table), 0)
  const all = sum((table) => table.goroutines)
  process.stdout.write(
    `\n${heldOut ? 'held out' : 'looked at'}: ${tables.length} servers, ${all} waiting goroutines, named ${percent(
      sum((table) => table.named),
      all,
    )}, shape ${percent(
      sum((table) => table.shape),
      all,
    )}`,
  )
}
const alarms = rows.reduce(
  (total, row) => total + (row.with?.alarms.length ?? 0) + (row.without?.alarms.length ?? 0),
  0,
)
const failed = rows.filter((row) => row.failure !== undefined).length
const unseen = idlePatterns.filter((row) => row.seen === false).length
process.stdout.write(
  `\nidle table: ${idlePatterns.length} rows, ${unseen} of them never seen firing on a recorded dump`,
)
process.stdout.write(`\nalarms ${alarms}, servers that could not be judged ${failed} of ${rows.length}\n`)
process.exitCode = alarms > 0 ? 1 : failed > 0 ? 2 : 0
