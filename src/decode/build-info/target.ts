/**
 * What a live target says about itself through `/debug/pprof/cmdline` and `/debug/vars`, as far as that goes.
 * Enters: the bytes of cmdline (NUL separated), the expvar document. Leaves: the command, its arguments, the service's
 * name and version where a variable carries them, and build info where a variable carries that.
 * Go itself publishes neither: what is found was put there by the service's author, so names vary and absence says nothing.
 */
import type { JsonValue } from '../../base/errors.ts'
import type { BuildInfo, ExpvarDocument } from '../../model/metrics.ts'
import { decodeBuildInfoJson, decodeBuildInfoText } from './text.ts'

export type TargetIdentity = {
  /** argv[0] as the process sees it. */
  readonly command?: string
  readonly arguments: readonly string[]
  readonly buildInfo?: BuildInfo
  readonly serviceName?: string
  readonly serviceVersion?: string
  /** Where name, version and build info were found: `vars.otel`, `cmdline`. */
  readonly from: readonly string[]
}

/** Names under which programs publish these; compared in lower case, without `_`, `-` and `.`. */
const BUILD_INFO_NAMES: readonly string[] = ['buildinfo', 'build', 'debugbuildinfo', 'gobuildinfo']
const RESOURCE_NAMES: readonly string[] = [
  'otel',
  'otelresource',
  'resource',
  'resourceattributes',
  'otelresourceattributes',
]
const GO_VERSION_NAMES: readonly string[] = ['goversion', 'runtimeversion']

const MAX_ARGUMENTS = 10_000

export function decodeBuildInfoFromTarget(target: {
  readonly cmdline?: Uint8Array
  readonly vars?: ExpvarDocument
}): TargetIdentity {
  const from: string[] = []
  const vars = target.vars?.vars ?? {}
  const argv = target.cmdline === undefined ? argvOf(vars.cmdline) : splitCmdline(target.cmdline)
  if (argv.length > 0) from.push(target.cmdline === undefined ? 'vars.cmdline' : 'cmdline')
  let buildInfo: BuildInfo | undefined
  const service: { name?: string | undefined; version?: string | undefined } = {}
  for (const [name, value] of Object.entries(vars)) {
    if (value === undefined || name === 'memstats' || name === 'cmdline') continue
    const plain = name.toLowerCase().replace(/[_.-]/g, '')
    if (buildInfo === undefined && BUILD_INFO_NAMES.includes(plain)) {
      buildInfo = readBuildInfo(value)
      if (buildInfo !== undefined) from.push(`vars.${name}`)
    }
    const found = readService(plain, name, value)
    service.name ??= found.name
    service.version ??= found.version
    if (found.name !== undefined || found.version !== undefined) from.push(`vars.${name}`)
  }
  for (const [name, value] of Object.entries(vars)) {
    if (buildInfo !== undefined || typeof value !== 'string' || !/^(?:go1|devel )/.test(value)) continue
    if (!GO_VERSION_NAMES.includes(name.toLowerCase().replace(/[_.-]/g, ''))) continue
    buildInfo = { goVersion: value, dependencies: [], settings: {} }
    from.push(`vars.${name}`)
  }
  const [command, ...rest] = argv
  return {
    ...(command === undefined ? {} : { command }),
    arguments: rest,
    ...(buildInfo === undefined ? {} : { buildInfo }),
    ...(service.name === undefined ? {} : { serviceName: service.name }),
    ...(service.version === undefined ? {} : { serviceVersion: service.version }),
    from,
  }
}

/** Arguments of `/debug/pprof/cmdline`: NUL between them, none at the end. An empty argument is one. */
function splitCmdline(bytes: Uint8Array): readonly string[] {
  if (bytes.length === 0) return []
  return new TextDecoder().decode(bytes).split('\0', MAX_ARGUMENTS)
}

function argvOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string').slice(0, MAX_ARGUMENTS) : []
}

function readBuildInfo(value: JsonValue): BuildInfo | undefined {
  const decoded =
    typeof value === 'string'
      ? decodeBuildInfoText(value)
      : decodeBuildInfoJson(new TextEncoder().encode(JSON.stringify(value)))
  return decoded.ok ? decoded.value.value : undefined
}

type Service = { readonly name?: string | undefined; readonly version?: string | undefined }

function readService(plain: string, name: string, value: JsonValue): Service {
  if (name === 'service.name') return { name: textOf(value) }
  if (name === 'service.version') return { version: textOf(value) }
  if (!RESOURCE_NAMES.includes(plain)) return {}
  if (typeof value === 'string') return fromPairs(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  const object = value as { readonly [key: string]: JsonValue | undefined }
  const inner = object.attributes ?? object.resource ?? object
  return fromAttributes(inner)
}

/** A plain object, or OTLP's list of {key, value: {stringValue}}, or Go's [{Key, Value: {Value}}]. */
function fromAttributes(value: JsonValue): Service {
  const found: { name?: string | undefined; version?: string | undefined } = {}
  const put = (key: JsonValue | undefined, text: string | undefined): void => {
    if (key === 'service.name') found.name = text
    if (key === 'service.version') found.version = text
  }
  if (typeof value === 'string') return fromPairs(value)
  if (Array.isArray(value)) {
    for (const each of value as readonly JsonValue[]) {
      if (typeof each !== 'object' || each === null || Array.isArray(each)) continue
      const pair = each as { readonly [key: string]: JsonValue | undefined }
      put(pair.key ?? pair.Key, textOf(pair.value ?? pair.Value))
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) put(key, textOf(each))
  }
  return found
}

/** `service.name=cart,service.version=1.2`, as in OTEL_RESOURCE_ATTRIBUTES. */
function fromPairs(text: string): Service {
  const pairs = new Map(
    text.split(',').map((pair) => [pair.split('=')[0]?.trim(), pair.slice(pair.indexOf('=') + 1).trim()]),
  )
  return { name: pairs.get('service.name'), version: pairs.get('service.version') }
}

function textOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const object = value as { readonly [key: string]: JsonValue | undefined }
  return textOf(object.stringValue ?? object.Value)
}
