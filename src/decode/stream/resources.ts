/**
 * Who emitted, from the attributes of an OTLP resource, and from what other formats have in its place: a table maps
 * Jaeger's process tags to semantic conventions. What is not said stays absent: no host is guessed, none is shared.
 */
import type { AttributeValue, SpanResource } from '../../model/spans.ts'

export type ResourceAttributes = Readonly<Record<string, AttributeValue>>

const UNKNOWN_SERVICE = 'unknown_service'

/** Where a clock is, the surest first. */
const HOST_KEYS = ['host.id', 'host.name', 'k8s.pod.uid', 'host.ip', 'container.id', 'k8s.pod.name'] as const

/** Process tags of Jaeger clients, by the names that OpenTelemetry gave them. */
const JAEGER_TAGS: Readonly<Record<string, string>> = {
  hostname: 'host.name',
  ip: 'host.ip',
  'client-uuid': 'service.instance.id',
  'jaeger.version': 'telemetry.sdk.version',
}

/** The resource that these attributes describe. */
export function readResource(attributes: ResourceAttributes, schemaUrl?: string): SpanResource {
  const text = (key: string): string | undefined => {
    const value = Object.hasOwn(attributes, key) ? attributes[key] : undefined
    return value === undefined || value === '' ? undefined : String(value)
  }
  const version = text('service.version')
  const name = text('host.name')
  const pid = text('process.pid')
  const instance =
    text('service.instance.id') ?? (name !== undefined && pid !== undefined ? `${name}/${pid}` : undefined)
  const host = HOST_KEYS.map(text).find((value) => value !== undefined)
  return {
    service: text('service.name') ?? UNKNOWN_SERVICE,
    ...(version === undefined ? {} : { version }),
    ...(instance === undefined ? {} : { instance }),
    ...(host === undefined ? {} : { host }),
    attributes,
    ...(schemaUrl === undefined || schemaUrl === '' ? {} : { schemaUrl }),
  }
}

/** A Jaeger process: its service name and tags. */
export function readJaegerProcess(service: string, tags: ResourceAttributes): SpanResource {
  const attributes: Record<string, AttributeValue> = Object.create(null)
  if (service !== '') attributes['service.name'] = service
  for (const [key, value] of Object.entries(tags)) attributes[JAEGER_TAGS[key] ?? key] = value
  return readResource({ ...attributes })
}
