/**
 * A capture's bytes → the decoded evidence of one target. Each file goes to the decoder of its kind; a file that cannot
 * be decoded is left out with an issue that says why, and the verdict rests on the others. Order and times come from
 * the manifest; loose files have neither. Withheld lenses are not even decoded. Nothing is fetched here.
 */
import { type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import { parseUnixNs } from '../base/units.ts'
import { decodeBuildInfoBinary } from '../decode/build-info/binary.ts'
import { detectExecutable } from '../decode/build-info/executable.ts'
import { decodeBuildInfoFromTarget } from '../decode/build-info/target.ts'
import { decodeBuildInfo } from '../decode/build-info/text.ts'
import { detectKind } from '../decode/detect.ts'
import { decodeGoroutineDumps } from '../decode/goroutine-dump/goroutine-dump.ts'
import { decodeExpvar } from '../decode/metrics/expvar.ts'
import { decodeMetricsText } from '../decode/metrics/prometheus-text.ts'
import { decodePprof } from '../decode/pprof/pprof.ts'
import { classifyProfile } from '../decode/pprof/profile-kind.ts'
import type { Capture, CaptureFile, CaptureFileKind, CaptureManifest, CaptureRequest } from '../model/capture.ts'
import type { Coverage, CoverageGap } from '../model/contract.ts'
import type { DatedDump, DatedProfile, EvidenceSet, EvidenceWindow } from '../model/evidence.ts'
import { type Issue, type IssueLog, openIssueLog } from '../model/issue.ts'
import { isLens, type Lens } from '../model/lens.ts'
import type { BuildInfo, ExpvarDocument, MetricFamily } from '../model/metrics.ts'
import type { Inflater } from '../model/ports.ts'
import { describeTarget } from './describe-target.ts'
import { isSameDump, keepOneProcess } from './one-process.ts'
import { readCapturedTrace } from './read-captured-trace.ts'

export type EvidenceDeps = { readonly inflater: Inflater }

export type EvidenceOptions = {
  readonly without?: readonly Lens[]
  /** `--service`. */
  readonly service?: string
}

export type ReadEvidence = { readonly evidence: EvidenceSet; readonly coverage: Coverage }

type Bag = {
  readonly dumps: DatedDump[]
  readonly leakDumps: DatedDump[]
  readonly profiles: DatedProfile[]
  vars?: { readonly source: string; readonly document: ExpvarDocument }
  metrics?: { readonly source: string; readonly families: readonly MetricFamily[] }
  buildInfo?: { readonly source: string; readonly info: BuildInfo }
  trace?: { readonly source: string; readonly bytes: Uint8Array }
  cmdline?: Uint8Array
}

type Reading = {
  readonly deps: EvidenceDeps
  readonly bag: Bag
  readonly log: IssueLog
  readonly faults: { readonly file: string; readonly fault: Fault }[]
  readonly manifest?: CaptureManifest
}

const lensOfKind: Partial<Readonly<Record<CaptureFileKind, Lens>>> = {
  'goroutine-dump': 'goroutine',
  'goroutineleak-profile': 'goroutineleak',
  'goroutineleak-dump': 'goroutineleak',
  'block-profile': 'block',
  'mutex-profile': 'mutex',
  'cpu-profile': 'cpu',
  'heap-profile': 'heap',
  'allocs-profile': 'heap',
  'execution-trace': 'trace',
  expvar: 'metrics',
  'metrics-text': 'metrics',
  spans: 'spans',
  logs: 'logs',
}

/** Why nothing could be read: SL_OPS_NO_EVIDENCE, or the only file's own fault; and what became of each file. */
export type UnreadEvidence = { readonly fault: Fault; readonly issues: readonly Issue[] }

export async function readEvidence(
  deps: EvidenceDeps,
  capture: Capture,
  options: EvidenceOptions = {},
): Promise<Result<ReadEvidence, UnreadEvidence>> {
  const without = new Set(options.without ?? [])
  const { manifest } = capture
  const bag: Bag = { dumps: [], leakDumps: [], profiles: [] }
  const log = openIssueLog()
  log.addAll(capture.issues ?? [])
  const reading: Reading = { deps, bag, log, faults: [], ...(manifest === undefined ? {} : { manifest }) }
  const files = orderFiles(capture)
  for (const [at, file] of files.entries()) {
    const same =
      file.kind === 'goroutine-dump' ? files.slice(0, at).find((other) => isSameDump(other, file)) : undefined
    if (same !== undefined) {
      log.add('SL_OPS_FILE_NOT_USED', `left out: the same bytes as ${same.name}`, { at: { file: file.name } })
      continue
    }
    const lens = lensOfKind[file.kind]
    if (lens !== undefined && without.has(lens)) continue
    await readFile(reading, file)
  }
  const isNothing = bag.dumps.length + bag.leakDumps.length + bag.profiles.length === 0 && bag.vars === undefined
  if (isNothing && bag.metrics === undefined && bag.trace === undefined) {
    return err({ fault: nothingRead(capture, reading), issues: log.list() })
  }
  if (manifest?.interrupted === true) {
    log.add('SL_COLLECT_INTERRUPTED', 'the capture was ended before its plan was: what it did not get is in coverage')
  }
  const dumpsLeftOut = readLeftOut(manifest)
  if (dumpsLeftOut !== undefined && !without.has('goroutine')) {
    log.add('SL_COLLECT_OVER_BUDGET', `no goroutine dumps were taken: ${dumpsLeftOut}`)
  }
  keepOneProcess(bag.dumps, log)
  sortByTime(bag.dumps)
  const identity = decodeBuildInfoFromTarget({
    ...(bag.cmdline === undefined ? {} : { cmdline: bag.cmdline }),
    ...(bag.vars === undefined ? {} : { vars: bag.vars.document }),
  })
  const target = describeTarget(capture, identity, bag.buildInfo?.info, bag.metrics?.families ?? [], options.service)
  const trace =
    bag.trace === undefined
      ? undefined
      : readCapturedTrace(bag.trace, {
          ids: bag.dumps.at(-1)?.dump.ids ?? new Float64Array(),
          log,
          ...(target.goVersion === undefined ? {} : { goVersion: target.goVersion }),
          ...readTraceTimes(manifest, bag.trace.source),
        })
  const evidence: EvidenceSet = {
    target,
    window: readWindow(manifest),
    ...(dumpsLeftOut === undefined ? {} : { dumpsLeftOut }),
    dumps: bag.dumps,
    ...(bag.leakDumps.length === 0 ? {} : { leakDumps: bag.leakDumps }),
    profiles: bag.profiles,
    ...(bag.vars === undefined ? {} : { vars: bag.vars }),
    ...(bag.metrics === undefined ? {} : { metrics: bag.metrics }),
    ...(bag.buildInfo === undefined ? {} : { buildInfo: bag.buildInfo }),
    ...(trace === undefined ? {} : { trace }),
    lenses: (manifest?.lenses ?? []).filter(({ lens }) => isLens(lens)),
    issues: log.list(),
  }
  return ok({ evidence, coverage: readCoverage(capture, reading) })
}

/** The collector's own words for why it left the dumps out, which name the limit. */
function readLeftOut(manifest: CaptureManifest | undefined): string | undefined {
  return manifest?.requests.find(
    ({ request, status, why }) =>
      status === 'skipped' && request.endsWith('goroutine?debug=2') && why?.includes('--max-goroutines') === true,
  )?.why
}

/** In the order the manifest asked for them; files it does not name follow by name. */
function orderFiles(capture: Capture): readonly CaptureFile[] {
  const { manifest } = capture
  if (manifest === undefined) return capture.files
  const place = new Map(manifest.requests.map((request, at) => [request.file, at]))
  const rank = (file: CaptureFile) => place.get(file.name) ?? Number.MAX_SAFE_INTEGER
  return [...capture.files].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
}

async function readFile(reading: Reading, file: CaptureFile): Promise<void> {
  const { bag, log } = reading
  const source = file.name
  switch (file.kind) {
    case 'goroutine-dump':
    case 'goroutineleak-dump':
      return readDumps(reading, file)
    case 'goroutine-profile':
    case 'goroutineleak-profile':
    case 'block-profile':
    case 'mutex-profile':
    case 'cpu-profile':
    case 'heap-profile':
    case 'allocs-profile':
    case 'threadcreate-profile':
    case 'profile':
      return readProfile(reading, file)
    case 'execution-trace':
      bag.trace = { source, bytes: file.bytes }
      return
    case 'expvar': {
      const document = take(reading, file, decodeExpvar(file.bytes))
      if (document !== undefined) bag.vars = { source, document }
      return
    }
    case 'metrics-text': {
      const families = take(reading, file, decodeMetricsText(file.bytes))
      if (families !== undefined) bag.metrics = { source, families }
      return
    }
    case 'build-info': {
      const isExecutable = detectExecutable(file.bytes) !== undefined
      const info = take(reading, file, (isExecutable ? decodeBuildInfoBinary : decodeBuildInfo)(file.bytes))
      if (info !== undefined) bag.buildInfo = { source, info }
      return
    }
    case 'cmdline':
      bag.cmdline = file.bytes
      return
    case 'manifest':
      return
    case 'unknown': {
      const { fault: why } = detectKind(file.bytes)
      if (why !== undefined) return refuse(reading, file, why)
      break
    }
    default:
      break
  }
  log.add('SL_OPS_FILE_NOT_USED', 'diagnose does not read files of this kind', {
    severity: 'info',
    at: { file: source },
  })
}

function readDumps(reading: Reading, file: CaptureFile): void {
  const { bag, log, manifest } = reading
  const decoded = decodeGoroutineDumps(file.bytes)
  if (!decoded.ok) {
    refuse(reading, file, decoded.error)
    return
  }
  const request = findRequest(manifest, file.name)
  for (const [at, { value, issues }] of decoded.value.entries()) {
    const several = decoded.value.length > 1
    const source = several ? `${file.name} (dump ${at + 1})` : file.name
    log.addAll(issues, file.name)
    const atNs = several ? undefined : readInstant(manifest, request)
    const dated: DatedDump = { source, ...(atNs === undefined ? {} : { atNs }), dump: value }
    if (file.kind === 'goroutineleak-dump') bag.leakDumps.push(dated)
    else bag.dumps.push(dated)
  }
}

async function readProfile(reading: Reading, file: CaptureFile): Promise<void> {
  const { bag, deps, manifest } = reading
  const profile = take(reading, file, await decodePprof(file.bytes, { inflater: deps.inflater }))
  if (profile === undefined) return
  const request = findRequest(manifest, file.name)
  const span = request?.span
  const durationNs = span?.durationNs ?? (profile.durationNs === undefined ? undefined : Number(profile.durationNs))
  bag.profiles.push({
    source: file.name,
    kind: nameKind(file.kind) ?? nameKind(classifyProfile(profile).kind) ?? 'other',
    profile,
    span: span?.kind ?? 'unknown',
    ...(durationNs === undefined || durationNs === 0 ? {} : { durationNs }),
  })
}

function nameKind(kind: CaptureFileKind): DatedProfile['kind'] | undefined {
  switch (kind) {
    case 'goroutine-profile':
      return 'goroutine'
    case 'goroutineleak-profile':
      return 'goroutineleak'
    case 'block-profile':
      return 'block'
    case 'mutex-profile':
      return 'mutex'
    case 'cpu-profile':
      return 'cpu'
    case 'heap-profile':
      return 'heap'
    case 'allocs-profile':
      return 'allocs'
    case 'threadcreate-profile':
      return 'threadcreate'
    default:
      return undefined
  }
}

/** The value with its doubts logged, or undefined after the fault was noted. */
function take<T>(
  reading: Reading,
  file: CaptureFile,
  decoded: Result<{ readonly value: T; readonly issues: readonly Issue[] }>,
): T | undefined {
  if (!decoded.ok) {
    refuse(reading, file, decoded.error)
    return undefined
  }
  reading.log.addAll(decoded.value.issues, file.name)
  return decoded.value.value
}

function refuse(reading: Reading, file: CaptureFile, cause: Fault): void {
  reading.faults.push({ file: file.name, fault: cause })
  reading.log.add('SL_OPS_FILE_UNREADABLE', `left out: ${cause.message} (${cause.code})`, { at: { file: file.name } })
}

function nothingRead(capture: Capture, { faults }: Reading): Fault {
  const first = faults[0]
  if (first !== undefined && capture.files.filter(({ kind }) => kind !== 'manifest').length === 1) {
    return { ...first.fault, target: first.fault.target ?? first.file }
  }
  return fault('SL_OPS_NO_EVIDENCE', {
    target: capture.origin,
    ...(first === undefined ? {} : { cause: first.fault, detail: { file: first.file } }),
  })
}

function findRequest(manifest: CaptureManifest | undefined, name: string): CaptureRequest | undefined {
  return manifest?.requests.find(({ file }) => file === name)
}

/** When the trace was on, as its request says; a trace that was asked for ends with its request. */
function readTraceTimes(
  manifest: CaptureManifest | undefined,
  name: string,
): { readonly startNs?: number; readonly endNs?: number } {
  const request = findRequest(manifest, name)
  const origin = manifest === undefined ? undefined : parseUnixNs(manifest.startTime)
  const start = request === undefined ? undefined : parseUnixNs(request.startTime)
  const end = request === undefined ? undefined : parseUnixNs(request.endTime)
  if (origin === undefined || start === undefined || end === undefined) return {}
  return { startNs: Number(start - origin), endNs: Number(end - origin) }
}

/** Middle of the request, since the start of the capture: the world stood still somewhere inside it. */
function readInstant(manifest: CaptureManifest | undefined, request: CaptureRequest | undefined): number | undefined {
  if (manifest === undefined || request === undefined) return undefined
  const origin = parseUnixNs(manifest.startTime)
  const start = parseUnixNs(request.startTime)
  const end = parseUnixNs(request.endTime)
  if (origin === undefined || start === undefined || end === undefined) return undefined
  return Number(start - origin) + Number(end - start) / 2
}

function sortByTime(dumps: DatedDump[]): void {
  if (dumps.every(({ atNs }) => atNs !== undefined)) dumps.sort((a, b) => (a.atNs ?? 0) - (b.atNs ?? 0))
}

function readWindow(manifest: CaptureManifest | undefined): EvidenceWindow {
  if (manifest === undefined) return {}
  const start = parseUnixNs(manifest.startTime)
  const end = parseUnixNs(manifest.endTime)
  return {
    startTime: manifest.startTime,
    endTime: manifest.endTime,
    ...(start === undefined || end === undefined ? {} : { durationNs: Number(end - start) }),
  }
}

function readCoverage(capture: Capture, { faults }: Reading): Coverage {
  const { manifest } = capture
  const missing: CoverageGap[] = faults.map(({ file, fault: { message, code } }) => ({
    what: file,
    why: message,
    code,
  }))
  if (manifest === undefined) {
    return { asked: capture.files.length, answered: capture.files.length - faults.length, missing }
  }
  for (const request of manifest.requests) {
    if (request.status === 'answered') continue
    const why = request.why ?? request.status
    missing.push({ what: request.request, why, ...(request.code === undefined ? {} : { code: request.code }) })
  }
  const answered = manifest.requests.filter(({ status }) => status === 'answered' || status === 'partial').length
  return { asked: manifest.requests.length, answered: Math.max(0, answered - faults.length), missing }
}
