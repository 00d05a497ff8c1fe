/**
 * What a capture says of itself: the manifest, and the files that are made rather than taken (buildinfo.json).
 * Enters: what the run learned. Leaves: CaptureManifest, with requests in the order of time.
 */
import { formatUnixNs } from '../base/units.ts'
import { CAPTURE_SCHEMA, type CaptureFile, type CaptureManifest } from '../model/capture.ts'
import type { CaptureDeps } from './capture-deps.ts'
import { estimateClockOffset } from './clock-offset.ts'
import { observeLenses } from './observe-lenses.ts'
import type { CapturePlan } from './plan.ts'
import type { Run } from './run-steps.ts'
import { resolveIdentity } from './service-name.ts'
import type { TargetAddress } from './target.ts'

export function makeManifest(
  deps: CaptureDeps,
  run: Run,
  plan: CapturePlan,
  input: {
    readonly target: TargetAddress
    readonly startNs: bigint
    readonly service?: string
    readonly interrupted: boolean
  },
): { readonly value: CaptureManifest; readonly extraFiles: readonly CaptureFile[] } {
  const { notes } = run
  const profile = notes.profiles.get('goroutine-profile')?.profile
  const varsText = readFile(run, 'vars.json')
  const metricsText = readFile(run, 'metrics.txt')
  const identity = resolveIdentity({
    instance: input.target.instance,
    ...(input.service === undefined ? {} : { flag: input.service }),
    ...(varsText === undefined ? {} : { varsText }),
    ...(metricsText === undefined ? {} : { metricsText }),
    ...(profile === undefined ? {} : { profile }),
  })
  const block = notes.profiles.get('block-profile')
  const mutex = notes.profiles.get('mutex-profile')
  // Both are written from the same records; a target may serve only one of them.
  const heap = (notes.profiles.get('heap-profile') ?? notes.profiles.get('allocs-profile'))?.profile
  const mutexText = notes.texts.get('mutex?debug=1')
  const clock = estimateClockOffset(notes.clockSamples)
  const value: CaptureManifest = {
    schema: CAPTURE_SCHEMA,
    tool: { name: 'sightline', version: deps.version },
    target: {
      kind: 'live',
      url: input.target.display,
      instance: input.target.instance,
      service: identity.service,
      serviceFrom: identity.serviceFrom,
      ...(identity.goVersion === undefined ? {} : { goVersion: identity.goVersion }),
      ...(identity.version === undefined ? {} : { version: identity.version }),
    },
    startTime: formatUnixNs(input.startNs),
    endTime: formatUnixNs(deps.clock.nowUnixNs()),
    ...(clock === undefined ? {} : { clock }),
    requests: [...notes.requests].sort((a, b) => compare(a.startTime, b.startTime) || compare(a.request, b.request)),
    lenses: observeLenses({
      outcomes: notes.outcomes,
      ...(block === undefined ? {} : { block: { ...block, windowNs: plan.windowMs * 1e6 } }),
      ...(mutex === undefined ? {} : { mutex }),
      ...(mutexText === undefined ? {} : { mutexText }),
      ...(heap === undefined ? {} : { heap }),
    }),
    redacted: [...notes.redacted]
      .map(([kind, count]) => `${kind}: ${count} ${count === 1 ? 'value' : 'values'}`)
      .sort(),
    interrupted: input.interrupted,
  }
  const info = identity.buildInfo
  const extraFiles: readonly CaptureFile[] =
    info === undefined
      ? []
      : [
          {
            name: 'buildinfo.json',
            kind: 'build-info',
            bytes: new TextEncoder().encode(`${JSON.stringify(info, null, 2)}\n`),
          },
        ]
  return { value, extraFiles }
}

function readFile(run: Run, name: string): string | undefined {
  const file = run.files().find((one) => one.name === name)
  return file === undefined ? undefined : Buffer.from(file.bytes).toString('utf8')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
