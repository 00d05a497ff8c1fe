/**
 * One program, run as a service, captured live by the product as `sightline diagnose URL` would, without the trace.
 * Enters: a program. Leaves: a capture in memory, its leak dump among the files; or why there is none.
 */
import { fault } from '../../../src/base/errors.ts'
import { err, ok, type Result } from '../../../src/base/result.ts'
import { openInflater } from '../../../src/collect/inflate.ts'
import type { Capture } from '../../../src/model/capture.ts'
import type { Clock } from '../../../src/model/ports.ts'
import { fetchTargets } from '../../../src/ops/capture.ts'
import { startService } from '../../fixtures/build-program.ts'
import type { LeakProgram } from './build.ts'

const clock: Clock = {
  nowUnixNs: () => BigInt(Date.now()) * 1_000_000n,
  nowMonoNs: () => performance.now() * 1e6,
}

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
    return await take(base)
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

async function take(base: string): Promise<Result<Capture, string>> {
  const [fetched] = await fetchTargets({ clock, inflater: openInflater(), version: '0.0.0' }, [base], {
    plan: { traceSeconds: 0, windowSeconds: 3 },
  })
  const capture = fetched?.capture ?? err(fault('SL_COLLECT_TIMEOUT'))
  return capture.ok ? ok(capture.value) : err(`${capture.error.code}: ${capture.error.message}`)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
