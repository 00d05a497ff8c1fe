/**
 * Who the target says it is: service, version, Go version, build info, as far as its own answers go.
 * Order: flag, OTel resource in /debug/vars or an environment it exposes, `service_name` on
 * metrics, last element of the main module's path, else host:port. Nothing is guessed from the port or the host.
 * The module comes from `go_build_info`, else from packages and source paths of the goroutine profile.
 */
import type { JsonValue } from '../base/errors.ts'
import type { BuildInfo } from '../model/metrics.ts'
import type { Profile } from '../model/profile.ts'

export type IdentityInput = {
  readonly flag?: string
  readonly varsText?: string
  readonly metricsText?: string
  readonly profile?: Profile
  readonly instance: string
}

export type Identity = {
  readonly service: string
  readonly serviceFrom: 'flag' | 'expvar' | 'environment' | 'metrics' | 'module' | 'address'
  readonly version?: string
  readonly goVersion?: string
  readonly buildInfo?: BuildInfo
}

export function resolveIdentity(input: IdentityInput): Identity {
  const metrics = readMetrics(input.metricsText ?? '')
  const vars = readVars(input.varsText ?? '')
  const sources = input.profile === undefined ? {} : readSources(input.profile)
  const modulePath = metrics.modulePath ?? sources.modulePath
  const goVersion = metrics.goVersion ?? vars.goVersion ?? sources.goVersion
  const version = vars.version ?? metrics.version
  const module = modulePath === undefined ? undefined : nameModule(modulePath)
  const named: Pick<Identity, 'service' | 'serviceFrom'> = input.flag
    ? { service: input.flag, serviceFrom: 'flag' }
    : vars.service !== undefined
      ? { service: vars.service, serviceFrom: vars.from ?? 'expvar' }
      : metrics.service !== undefined
        ? { service: metrics.service, serviceFrom: 'metrics' }
        : module !== undefined
          ? { service: module, serviceFrom: 'module' }
          : { service: input.instance, serviceFrom: 'address' }
  const buildInfo: BuildInfo | undefined =
    modulePath === undefined && goVersion === undefined
      ? undefined
      : {
          ...(goVersion === undefined ? {} : { goVersion }),
          ...(modulePath === undefined
            ? {}
            : {
                mainModule: {
                  path: modulePath,
                  ...(metrics.moduleVersion === undefined ? {} : { version: metrics.moduleVersion }),
                },
              }),
          dependencies: [],
          settings: {},
        }
  return {
    ...named,
    ...(version === undefined ? {} : { version }),
    ...(goVersion === undefined ? {} : { goVersion }),
    ...(buildInfo === undefined ? {} : { buildInfo }),
  }
}

type Said = { service?: string; version?: string; goVersion?: string; from?: 'expvar' | 'environment' }

/** What a target says of itself is a line, not a document. */
const MAX_SAID_LENGTH = 16 * 1024
const MAX_NODES = 20_000
const MAX_DEPTH = 6

function readVars(text: string): Said {
  const said: Said = {}
  let root: JsonValue
  try {
    root = JSON.parse(text) as JsonValue
  } catch {
    return said
  }
  let nodes = 0
  function visit(value: JsonValue | undefined, key: string, depth: number): void {
    nodes += 1
    if (value === undefined || nodes > MAX_NODES || depth > MAX_DEPTH) return
    if (typeof value === 'string') hear(said, key, value)
    if (value === null || typeof value !== 'object') return
    if (Array.isArray(value)) {
      for (const item of value) visit(item, key, depth + 1)
      return
    }
    for (const [name, item] of Object.entries(value)) visit(item, name, depth + 1)
  }
  visit(root, '', 0)
  return said
}

/** One string of the document: an OTel attribute, an OTEL_ variable, or `NAME=value` of an environment. */
function hear(said: Said, key: string, value: string): void {
  const pair = /^(OTEL_SERVICE_NAME|OTEL_RESOURCE_ATTRIBUTES)=(.*)$/s.exec(value)
  const name = pair === null ? key : (pair[1] as string)
  const content = pair === null ? value : (pair[2] as string)
  if (content === '' || content.length > MAX_SAID_LENGTH) return
  if (name === 'OTEL_SERVICE_NAME') {
    said.service = content
    said.from = 'environment'
  } else if (name === 'OTEL_RESOURCE_ATTRIBUTES') {
    const attributes = new Map(content.split(',').map((part) => part.split('=', 2) as [string, string]))
    const service = attributes.get('service.name')
    if (service !== undefined && said.service === undefined) {
      said.service = service
      said.from = 'environment'
    }
    const version = attributes.get('service.version')
    if (version !== undefined) said.version ??= version
  } else if (name === 'service.name' || name === 'service_name') {
    if (said.service === undefined) {
      said.service = content
      said.from = 'expvar'
    }
  } else if (name === 'service.version' || name === 'service_version') {
    said.version ??= content
  } else if (/^go_?version$/i.test(name) && /^go1\.\d+/.test(content)) {
    said.goVersion ??= content
  }
}

function readMetrics(text: string): Said & { modulePath?: string; moduleVersion?: string } {
  const info = findLabels(text, /^target_info\{(.*)\}/m)
  const build = findLabels(text, /^go_build_info\{(.*)\}/m)
  const go = findLabels(text, /^go_info\{(.*)\}/m)
  const service = info.get('service_name') ?? info.get('service.name') ?? findOnlyService(text)
  const path = build.get('path')
  const modulePath = path === undefined || path === 'unknown' || path === '' ? undefined : path
  const moduleVersion = build.get('version')
  const real = moduleVersion !== undefined && moduleVersion !== 'unknown' && moduleVersion !== '(devel)'
  const version = info.get('service_version') ?? info.get('service.version') ?? (real ? moduleVersion : undefined)
  const goVersion = go.get('version')
  return {
    ...(service === undefined ? {} : { service }),
    ...(version === undefined ? {} : { version }),
    ...(goVersion === undefined ? {} : { goVersion }),
    ...(modulePath === undefined ? {} : { modulePath }),
    ...(real ? { moduleVersion } : {}),
  }
}

function findLabels(text: string, line: RegExp): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  const inner = line.exec(text)?.[1]?.slice(0, MAX_SAID_LENGTH)
  if (inner === undefined) return labels
  for (const match of inner.matchAll(/"?(?<![\w.])([\w.]+)"?="((?:[^"\\]|\\.){0,1000})"/g)) {
    labels.set(match[1] as string, (match[2] as string).replace(/\\(["\\])/g, '$1'))
  }
  return labels
}

/** A `service_name` label that has one value over the whole page is the service's own; several are its callers. */
function findOnlyService(text: string): string | undefined {
  const seen = new Set<string>()
  for (const match of text.matchAll(/[{,]\s*"?service[._]name"?="((?:[^"\\]|\\.){0,1000})"/g)) {
    seen.add(match[1] as string)
    if (seen.size > 1) return undefined
  }
  const [only] = seen
  return only === '' ? undefined : only
}

/**
 * The main module by the stacks: the package path of a function ends as its source folder does, so what stands before
 * the common end is the module, where that folder also holds main.main. And the Go version, where the toolchain's own
 * source path tells it.
 */
function readSources(profile: Profile): { modulePath?: string; goVersion?: string } {
  const packages = new Map<string, string>()
  let mainDir: string | undefined
  let goVersion: string | undefined
  for (let index = 0; index < profile.functionCount; index += 1) {
    const name = profile.strings[profile.functionNames[index] as number] ?? ''
    const file = profile.strings[profile.functionFiles[index] as number] ?? ''
    const dir = file.replace(/\/[^/]*$/, '')
    if (name.startsWith('main.')) mainDir ??= dir
    else packages.set(readPackage(name), dir)
    goVersion ??= /golang\.org\/toolchain@v[\d.]+-(go1\.\d+[\w.]*?)\.[a-z0-9]+-[a-z0-9]+\//.exec(file)?.[1]
  }
  const modulePath = mainDir === undefined ? undefined : inferModule(mainDir, packages)
  return { ...(modulePath === undefined ? {} : { modulePath }), ...(goVersion === undefined ? {} : { goVersion }) }
}

function readPackage(functionName: string): string {
  const slash = functionName.lastIndexOf('/')
  const dot = functionName.indexOf('.', slash + 1)
  return (dot < 0 ? functionName : functionName.slice(0, dot)).replaceAll('%2e', '.')
}

function inferModule(mainDir: string, packages: ReadonlyMap<string, string>): string | undefined {
  // With -trimpath the source path of main is its package path.
  if (!mainDir.startsWith('/') && /^[\w-]+(\.[\w-]+)+\//.test(mainDir))
    return mainDir.replace(/@[^/]*/, '').replace(/\/cmd\/[^/]+$/, '')
  let best: string | undefined
  for (const [path, dir] of packages) {
    const pathParts = path.split('/')
    const dirParts = dir.split('/')
    while (pathParts.length > 1 && !isWithin(mainDir, dirParts.join('/'))) {
      if (pathParts.at(-1) !== dirParts.at(-1)) break
      pathParts.pop()
      dirParts.pop()
    }
    const root = dirParts.join('/')
    if (root === '' || !isWithin(mainDir, root)) continue
    const found = pathParts.join('/')
    if (best === undefined || found.length < best.length) best = found
  }
  return best
}

function isWithin(dir: string, root: string): boolean {
  return dir === root || dir.startsWith(`${root}/`)
}

/** Last element, without a major version: `example.com/shop/v2` is `shop`. */
function nameModule(path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '')
  const last = parts.at(-1)
  return last !== undefined && parts.length > 1 && /^v\d+$/.test(last) ? parts.at(-2) : last
}
