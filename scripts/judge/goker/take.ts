/**
 * One program, run as a service and captured live: three dumps over two seconds, block and mutex deltas over the same
 * time, then the goroutine profile and the leak profile, as `sightline capture` asks for them and in its order.
 * Enters: a program. Leaves: a capture in memory, as the product reads one; or why there is none.
 */
import { err, ok, type Result } from '../../../src/base/result.ts'
import {
  CAPTURE_SCHEMA,
  type Capture,
  type CaptureFile,
  type CaptureFileKind,
  type CaptureRequest,
  type LensObservation,
} from '../../../src/model/capture.ts'
import type { Lens } from '../../../src/model/lens.ts'
import { startService } from '../../fixtures/build-program.ts'
import type { LeakProgram } from './build.ts'

type Step = {
  readonly file: string
  readonly kind: CaptureFileKind
  readonly lens: Lens
  readonly query: string
  readonly atMs: number
  readonly isDelta?: boolean
}

const windowSeconds = 2

const steps: readonly Step[] = [
  { file: 'goroutine.0.txt', kind: 'goroutine-dump', lens: 'goroutine', query: 'goroutine?debug=2', atMs: 0 },
  {
    file: 'block.pb.gz',
    kind: 'block-profile',
    lens: 'block',
    query: `block?seconds=${windowSeconds}`,
    atMs: 20,
    isDelta: true,
  },
  { file: 'goroutine.1.txt', kind: 'goroutine-dump', lens: 'goroutine', query: 'goroutine?debug=2', atMs: 700 },
  { file: 'goroutine.2.txt', kind: 'goroutine-dump', lens: 'goroutine', query: 'goroutine?debug=2', atMs: 2050 },
]

const after: readonly Step[] = [
  { file: 'goroutine.pb.gz', kind: 'goroutine-profile', lens: 'goroutine', query: 'goroutine', atMs: 0 },
  {
    file: 'goroutineleak.pb.gz',
    kind: 'goroutineleak-profile',
    lens: 'goroutineleak',
    query: 'goroutineleak',
    atMs: 0,
  },
  {
    file: 'goroutineleak.txt',
    kind: 'goroutineleak-dump',
    lens: 'goroutineleak',
    query: 'goroutineleak?debug=2',
    atMs: 0,
  },
]

export async function captureProgram(program: LeakProgram, attempt: number): Promise<Result<Capture, string>> {
  // The test's own settings; a program that starves the server on one processor gets a second one when tried again.
  const processors = program.isSimple && attempt === 0 ? { GOMAXPROCS: '1' } : { GOMAXPROCS: '2' }
  const service = await startService(program.binary, [program.name], {
    env: { ...process.env, GODEBUG: 'asyncpreemptoff=1', ...processors },
  })
  if (!service.ok) return service
  try {
    const base = String(service.value.said.pprof)
    await waitUntilFinished(base)
    return ok(await take(base, program.name))
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error))
  } finally {
    await service.value.close()
  }
}

/** Until the program's function has returned, or for as long as a patient person would wait. */
async function waitUntilFinished(base: string): Promise<void> {
  const until = Date.now() + 3000
  while (Date.now() < until) {
    const answer = await fetch(new URL('/finished', base), { signal: AbortSignal.timeout(10_000) })
    if ((await answer.text()).trim() === 'true') break
    await pause(100)
  }
  await pause(100)
}

async function take(base: string, name: string): Promise<Capture> {
  const files: CaptureFile[] = []
  const requests: CaptureRequest[] = []
  const started = Date.now()
  const ask = async (step: Step) => {
    const startTime = new Date().toISOString()
    const response = await fetch(new URL(step.query, base), { signal: AbortSignal.timeout(60_000) })
    const bytes = new Uint8Array(await response.arrayBuffer())
    if (!response.ok) throw new Error(`${step.query}: HTTP ${response.status}`)
    files.push({ name: step.file, kind: step.kind, bytes })
    requests.push({
      file: step.file,
      kind: step.kind,
      lens: step.lens,
      request: step.query,
      startTime,
      endTime: new Date().toISOString(),
      sizeBytes: bytes.length,
      status: 'answered',
      httpStatus: response.status,
      span: step.isDelta === true ? { kind: 'delta', durationNs: windowSeconds * 1e9 } : { kind: 'instant' },
    })
  }
  const inTime = async (step: Step) => {
    await pause(step.atMs - (Date.now() - started))
    await ask(step)
  }
  await Promise.all(steps.map(inTime))
  for (const step of after) await ask(step)
  const lenses: LensObservation[] = [
    { lens: 'goroutine', state: 'on', because: 'three dumps were taken' },
    { lens: 'block', state: 'off', because: 'the program does not turn it on' },
    { lens: 'mutex', state: 'off', because: 'the program does not turn it on' },
    { lens: 'goroutineleak', state: 'on', because: 'Go 1.27 has it on by default' },
  ]
  return {
    origin: name,
    manifest: {
      schema: CAPTURE_SCHEMA,
      tool: { name: 'sightline', version: '0.0.0' },
      target: { kind: 'live', url: base, service: name, serviceFrom: 'flag', goVersion: 'go1.27' },
      startTime: new Date(started).toISOString(),
      endTime: new Date().toISOString(),
      requests: requests.sort((a, b) => (a.startTime < b.startTime ? -1 : 1)),
      lenses,
      redacted: [],
      interrupted: false,
    },
    files,
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
