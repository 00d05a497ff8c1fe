/**
 * The reading that every timeline has: what is wrong in the trace (analyze/trace-rules), and the reasons of waits that
 * the trace does not have, out of the dumps of the capture around it, where there is one. Needs the account alone.
 */
import { findInTrace } from '../analyze/trace-rules/registry.ts'
import { type ToldReason, tellReasons } from '../analyze/traced/tell-reasons.ts'
import { readTraceFrames } from '../analyze/traced/trace-frames.ts'
import { parseUnixNs } from '../base/units.ts'
import { decodeGoroutineDumps } from '../decode/goroutine-dump/goroutine-dump.ts'
import type { CaptureManifest } from '../model/capture.ts'
import type { Subject } from '../model/contract.ts'
import type { DatedDump } from '../model/evidence.ts'
import { openIssueLog } from '../model/issue.ts'
import type { TraceStream } from '../model/ports.ts'
import type { TimelineData } from '../model/timeline.ts'
import type { TimelineReading } from './timeline-reading.ts'

type Told = NonNullable<TimelineData['unknownWaits']['told']>

/** `gcSlaNs`: what a stop of the world may last at most; `service`: whose trace it is, default what the capture says. */
export function openFindingsReading(
  stream: TraceStream,
  { gcSlaNs, service }: { readonly gcSlaNs?: number; readonly service?: string } = {},
): TimelineReading {
  return {
    async finish({ account, meta, tables, data, goVersion }) {
      const framesOf = (stack: number) => readTraceFrames(tables, stack)
      const { rows } = account.unknownWaits
      const dumps = rows.length === 0 ? [] : await readDumps(stream)
      const times = readTimes(stream.capture?.manifest, stream.name)
      const { told } = tellReasons(rows, framesOf, dumps, times)
      const log = openIssueLog()
      const { findings, omitted } = findInTrace({
        account,
        meta,
        source: stream.name,
        subject: { ...subjectOf(stream), ...(service === undefined ? {} : { service }) },
        framesOf,
        told: new Set(told.map(({ goroutine }) => goroutine)),
        ...(goVersion === undefined ? {} : { goVersion }),
        ...(gcSlaNs === undefined ? {} : { gcSlaNs }),
      })
      if (omitted > 0) {
        log.add('SL_ANALYZE_FINDINGS_OMITTED', 'findings beyond the limit per rule were left out', {
          severity: 'info',
          count: omitted,
        })
      }
      return {
        findings,
        issues: log.list(),
        ...(told.length === 0 ? {} : { data: { unknownWaits: { ...data.unknownWaits, told: sumTold(told) } } }),
      }
    },
  }
}

function subjectOf({ capture }: TraceStream): Subject {
  const { service, version, instance } = capture?.manifest?.target ?? {}
  return {
    service: service ?? 'unknown',
    ...(version === undefined ? {} : { version }),
    ...(instance === undefined ? {} : { instance }),
  }
}

/** Those that can be read; a dump that cannot is no reason to withhold a timeline. */
async function readDumps({ capture }: TraceStream): Promise<readonly DatedDump[]> {
  const files = (await capture?.readDumps()) ?? []
  return files.flatMap(({ name, bytes }) => {
    const decoded = decodeGoroutineDumps(bytes)
    const [only, ...others] = decoded.ok ? decoded.value : []
    if (only === undefined || others.length > 0) return []
    const { startNs, endNs } = readTimes(capture?.manifest, name)
    const atNs = startNs === undefined || endNs === undefined ? undefined : (startNs + endNs) / 2
    return [{ source: name, dump: only.value, ...(atNs === undefined ? {} : { atNs }) }]
  })
}

/** When a file was asked for and came, since the start of the capture. */
function readTimes(
  manifest: CaptureManifest | undefined,
  file: string,
): { readonly startNs?: number; readonly endNs?: number } {
  const request = manifest?.requests.find((one) => one.file === file)
  const origin = manifest === undefined ? undefined : parseUnixNs(manifest.startTime)
  const start = request === undefined ? undefined : parseUnixNs(request.startTime)
  const end = request === undefined ? undefined : parseUnixNs(request.endTime)
  if (origin === undefined || start === undefined || end === undefined) return {}
  return { startNs: Number(start - origin), endNs: Number(end - origin) }
}

/** By reason and dump, the commonest first. */
function sumTold(told: readonly ToldReason[]): Told {
  const sums = new Map<string, Told[number]>()
  for (const { reason, waitClass, source } of told) {
    const key = `${reason}\n${waitClass}\n${source}`
    const before = sums.get(key)
    sums.set(key, { waitReason: reason, waitClass, source, count: (before?.count ?? 0) + 1 })
  }
  return [...sums.values()].sort((a, b) => b.count - a.count || (a.waitReason < b.waitReason ? -1 : 1))
}
