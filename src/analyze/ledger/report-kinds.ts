/**
 * What the data of each command means to the ledger and the gate, a row per command: when it was, what it looked at and
 * with what, and why it cannot be judged. A command without a row is taken at its coverage alone: it can add debt and be
 * gated, and what it does not find is paid only where it names the service it looked at.
 */
import { formatUnixNs, parseUnixNs } from '../../base/units.ts'
import { amountOf, type JsonRecord, listOf, oneOf, recordOf, textOf, timeOf } from './json-shape.ts'
import { readPlace } from './ledger-lines.ts'
import { placeKey, type RunLook } from './run.ts'

type About = { readonly findings: readonly { readonly service: string }[]; readonly service?: string }

export type ReportKind = {
  readonly time: (data: JsonRecord) => string | undefined
  readonly looks: (data: JsonRecord, about: About) => readonly RunLook[]
  readonly inconclusive: (data: JsonRecord, coverage: JsonRecord, findings: number) => readonly string[]
}

const diagnose: ReportKind = {
  time: (data) => greatest(targetsOf(data).map(timeOfTarget)),
  looks: (data) =>
    targetsOf(data).flatMap((target) => {
      const service = textOf(recordOf(target.target).service)
      if (service === undefined || target.error !== undefined) return []
      const at = timeOfTarget(target)
      const grade = recordOf(target.verdict).grade
      const lenses = listOf(target.lenses).map(recordOf)
      return [
        {
          service,
          lenses: lenses.filter(({ state }) => state === 'on').flatMap(({ lens }) => textOf(lens) ?? []),
          ...(at === undefined ? {} : { at }),
          ...(grade === 'inconclusive' ? { paysNothing: 'its grade is inconclusive' } : {}),
        },
      ]
    }),
  inconclusive: (data) => {
    const targets = targetsOf(data)
    if (targets.length === 0) return ['it has no target']
    return targets.flatMap((target) => {
      if (target.error !== undefined) return []
      const name = textOf(recordOf(target.target).service) ?? 'a target'
      const grade = textOf(recordOf(target.verdict).grade)
      if (grade === undefined) return [`${name} has no verdict`]
      if (grade === 'inconclusive') return [`${name} is inconclusive`]
      return amountOf(recordOf(target.goroutines).count) === 0 ? [`${name} has no goroutines: no data`] : []
    })
  },
}

const diff: ReportKind = {
  time: (data) => timeOf(recordOf(data.after).startTime),
  // It reports what is new in the second capture alone: what is absent may be old.
  looks: (data) => {
    const service = textOf(recordOf(data.after).service)
    return service === undefined ? [] : [{ service, paysNothing: 'a diff lists only what is new' }]
  },
  inconclusive: (data) => {
    const { before, after } = recordOf(data.verdict)
    const grades = [before, after].map((one) => textOf(recordOf(one).grade))
    if (grades.includes(undefined)) return ['it has no verdict']
    return grades.includes('inconclusive') ? ['one of the two captures is inconclusive'] : []
  },
}

const timeline: ReportKind = {
  time: ({ trace }) => {
    const { startTime, durationNs } = recordOf(trace)
    return addTo(timeOf(startTime), amountOf(durationNs))
  },
  looks: (data, { findings, service }) => {
    const { complete } = recordOf(data.trace)
    const isPart = data.window !== undefined || data.focus !== undefined
    const why =
      complete === false ? 'the trace is not complete' : isPart ? 'a part of the trace was looked at' : undefined
    const names = service === undefined ? namesOf(findings).filter((one) => one !== 'unknown') : [service]
    return names.map((name) => ({
      service: name,
      lenses: ['trace', ...(recordOf(data.unknownWaits).told === undefined ? [] : ['goroutine'])],
      ...(why === undefined ? {} : { paysNothing: why }),
    }))
  },
  inconclusive: ({ trace }) => {
    const { events, goroutines } = recordOf(trace)
    if (amountOf(events) === undefined) return ['it has no trace']
    return events === 0 || goroutines === 0 ? ['the trace has no events or no goroutines: no data'] : []
  },
}

const trust: ReportKind = {
  time: ({ window }) => timeOf(recordOf(window).endTime),
  looks: (data) => {
    const edges = new Map<string, number>()
    for (const { from, to, traces } of listOf(data.edges).map(recordOf)) {
      const key = `${textOf(from) ?? ''}\n${textOf(to) ?? ''}`
      edges.set(key, (edges.get(key) ?? 0) + (amountOf(traces) ?? 0))
    }
    return listOf(data.services).flatMap((value) => {
      const row = recordOf(value)
      const service = textOf(row.service)
      if (service === undefined) return []
      // Source names a cause; that the break is gone, spans show without it.
      const lenses = ['spans', 'source', ...((amountOf(recordOf(data.primitives).logRecords) ?? 0) > 0 ? ['logs'] : [])]
      const isShort = row.grade === 'insufficient' || row.grade === undefined
      return [
        {
          service,
          edges,
          lenses,
          unsettled: new Set(
            listOf(row.breaks)
              .map(recordOf)
              .filter(({ state }) => state === 'pending' || state === 'unexplained')
              .map((one) => placeKey(readPlace(one))),
          ),
          traces: amountOf(row.traces) ?? 0,
          ...(isShort ? { paysNothing: 'too few traces: its grade is insufficient' } : {}),
        },
      ]
    })
  },
  inconclusive: (data) => {
    const services = listOf(data.services).map(recordOf)
    if (services.length === 0 || amountOf(data.spans) === 0 || amountOf(data.traces) === 0) {
      return ['it saw no spans: no data']
    }
    return services
      .filter(({ grade }) => grade === 'insufficient' || grade === undefined)
      .map(({ service }) => `${textOf(service) ?? 'a service'} has too few traces: insufficient`)
  },
}

const audit: ReportKind = {
  time: () => undefined,
  looks: (data) => {
    const directory = textOf(data.directory)
    const tier = oneOf(data.tier, ['a', 'b'] as const)
    if (directory === undefined) return []
    const { broken, tooLarge, unreadable } = recordOf(data.files)
    const unread = [broken, tooLarge, unreadable].reduce<number>((sum, one) => sum + (amountOf(one) ?? 0), 0)
    return [
      {
        directory,
        ...(tier === undefined ? {} : { tier }),
        ...(unread > 0 ? { paysNothing: `${unread} of its files could not be read` } : {}),
      },
    ]
  },
  inconclusive: (data) => ((amountOf(recordOf(data.files).read) ?? 0) === 0 ? ['it read no Go file: no data'] : []),
}

/** Any other command: its coverage says whether it saw anything. */
const other: ReportKind = {
  time: (data) => timeOf(data.endTime) ?? timeOf(data.time) ?? timeOf(recordOf(data.window).endTime),
  looks: (data, { service }) => {
    const said = service ?? textOf(data.service) ?? textOf(recordOf(data.target).service)
    return said === undefined ? [] : [{ service: said, ...(isInconclusive(data) ? { paysNothing: 'its grade' } : {}) }]
  },
  inconclusive: (data, coverage, findings) => {
    if (isInconclusive(data)) return ['its grade is inconclusive or insufficient']
    const answered = amountOf(coverage.answered) ?? 0
    return answered === 0 && findings === 0 ? ['it does not say that it looked at anything: no data'] : []
  },
}

const kinds: ReadonlyMap<string, ReportKind> = new Map([
  ['diagnose', diagnose],
  ['demo', diagnose],
  ['diff', diff],
  ['timeline', timeline],
  ['trust', trust],
  ['audit', audit],
])

export function kindOf(source: string): ReportKind {
  return kinds.get(source) ?? other
}

function isInconclusive(data: JsonRecord): boolean {
  const grades = [data.grade, recordOf(data.verdict).grade]
  return grades.includes('inconclusive') || grades.includes('insufficient')
}

function targetsOf(data: JsonRecord): readonly JsonRecord[] {
  if (Array.isArray(data.targets)) return data.targets.map(recordOf)
  return data.target === undefined ? [] : [data]
}

function timeOfTarget({ window }: JsonRecord): string | undefined {
  const { startTime, endTime, durationNs } = recordOf(window)
  return timeOf(endTime) ?? addTo(timeOf(startTime), amountOf(durationNs))
}

function addTo(time: string | undefined, ns: number | undefined): string | undefined {
  const start = time === undefined ? undefined : parseUnixNs(time)
  return start === undefined ? undefined : formatUnixNs(start + BigInt(Math.round(ns ?? 0)))
}

function greatest(times: readonly (string | undefined)[]): string | undefined {
  return times.reduce((best, one) => (one !== undefined && (best === undefined || one > best) ? one : best), undefined)
}

function namesOf(findings: readonly { readonly service: string }[]): readonly string[] {
  return [...new Set(findings.map(({ service }) => service))]
}
