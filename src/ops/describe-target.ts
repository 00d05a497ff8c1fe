/**
 * Who this target is: the service's name by the contract's order (flag, what the target says of itself, the main
 * module's last element, host and port), its version and its Go. `serviceFrom` says which of them it was.
 */
import type { TargetIdentity } from '../decode/build-info/target.ts'
import type { Capture } from '../model/capture.ts'
import type { TargetFacts } from '../model/evidence.ts'
import type { BuildInfo, MetricFamily } from '../model/metrics.ts'

/** Named in the report; all of them are in the evidence of the findings. */
const MAX_FILES = 100

export function describeTarget(
  capture: Capture,
  identity: TargetIdentity,
  fileInfo: BuildInfo | undefined,
  families: readonly MetricFamily[],
  flag: string | undefined,
): TargetFacts {
  const said = capture.manifest?.target
  const info = fileInfo ?? identity.buildInfo
  const { service, serviceFrom } = nameService(capture, identity, info, families, flag)
  const goVersion = said?.goVersion ?? info?.goVersion ?? readGoInfo(families)
  const version = said?.version ?? identity.serviceVersion ?? realVersion(info?.mainModule?.version)
  const kind = capture.manifest === undefined ? 'files' : 'capture'
  return {
    kind,
    ...(said?.url === undefined ? {} : { url: said.url }),
    ...(said?.instance === undefined ? {} : { instance: said.instance }),
    ...(kind === 'files'
      ? {
          files: capture.files
            .map(({ name }) => name)
            .sort()
            .slice(0, MAX_FILES),
        }
      : {}),
    service,
    serviceFrom,
    ...(version === undefined ? {} : { version }),
    ...(goVersion === undefined ? {} : { goVersion }),
  }
}

function nameService(
  capture: Capture,
  identity: TargetIdentity,
  info: BuildInfo | undefined,
  families: readonly MetricFamily[],
  flag: string | undefined,
): { readonly service: string; readonly serviceFrom: string } {
  const said = capture.manifest?.target
  const path = info?.mainModule?.path ?? info?.path
  const candidates: readonly (readonly [string | undefined, string])[] = [
    [flag, 'flag'],
    [said?.service, said?.serviceFrom ?? 'capture'],
    [identity.serviceName, 'expvar'],
    [readServiceLabel(families), 'metrics'],
    [lastElement(path), 'module'],
    [lastElement(identity.command?.replaceAll('\\', '/')), 'cmdline'],
    [said?.instance, 'address'],
  ]
  for (const [service, serviceFrom] of candidates) {
    if (service !== undefined && service !== '') return { service, serviceFrom }
  }
  return { service: 'unknown', serviceFrom: 'none' }
}

/** Last element of an import path, without a major version: `shop` of `example.com/shop/v2`. */
function lastElement(path: string | undefined): string | undefined {
  const parts = path?.split('/').filter((part) => part !== '') ?? []
  const last = parts.at(-1)
  return last !== undefined && /^v\d+$/.test(last) && parts.length > 1 ? parts.at(-2) : last
}

function readServiceLabel(families: readonly MetricFamily[]): string | undefined {
  const info = families.find(({ name }) => name === 'target_info' || name === 'target')
  const labels = info?.samples[0]?.labels
  return labels?.service_name ?? labels?.['service.name']
}

function readGoInfo(families: readonly MetricFamily[]): string | undefined {
  return families.find(({ name }) => name === 'go_info' || name === 'go')?.samples[0]?.labels.version
}

function realVersion(version: string | undefined): string | undefined {
  return version === undefined || version === '(devel)' || version === '' ? undefined : version
}
