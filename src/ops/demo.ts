/**
 * The use case `demo`: the capture of a service in trouble, recorded (a folder that comes with the program) or live
 * (the service is built, run, captured and stopped, whatever happens in between). Leaves a capture; judging it is
 * `diagnose`, as for any other.
 */
import type { Result } from '../base/result.ts'
import type { Capture } from '../model/capture.ts'
import type { CaptureReader } from '../model/ports.ts'
import type { ProgressSink } from '../model/report.ts'
import { type CaptureOptions, fetchTargets } from './capture.ts'

/** A demo service that runs until `stop`; `url` is its net/http/pprof base. */
export type DemoService = { readonly url: string; stop(): Promise<void> }

/** Builds and starts the service and resolves when its troubles are there. Port: implemented in `collect`. */
export type DemoStarter = (hooks: {
  readonly signal: AbortSignal
  readonly progress: ProgressSink
}) => Promise<Result<DemoService>>

export async function readRecordedDemo(
  deps: { readonly reader: CaptureReader },
  folder: string,
): Promise<Result<Capture>> {
  return deps.reader.readCapture([folder])
}

export async function captureLiveDemo(
  deps: Parameters<typeof fetchTargets>[0] & { readonly startDemo: DemoStarter; readonly progress: ProgressSink },
  options: CaptureOptions & { readonly signal: AbortSignal },
): Promise<Result<Capture>> {
  const { progress } = deps
  const started = await deps.startDemo({ signal: options.signal, progress })
  if (!started.ok) return started
  try {
    progress.step('capturing the demo service')
    const [target] = await fetchTargets(deps, [started.value.url], { ...options, service: 'shop' })
    if (target === undefined) throw new Error('one target gives one result')
    return target.capture
  } finally {
    await started.value.stop()
  }
}
