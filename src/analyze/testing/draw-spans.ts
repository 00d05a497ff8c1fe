/**
 * What tracing SDKs leave in a trace, as rows beside a drawn timeline: tasks begun from an SDK's stack, logs with ids.
 * Enters: the drawing's tables. Leaves: rows for `DrawOptions.rows`.
 */
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import type { DrawnRow, DrawnTables } from './draw-trace.ts'

export const SDK = {
  otel: ['go.opentelemetry.io/otel/sdk/trace.(*recordingSpan).runtimeTrace', 'main.handle'],
  datadog: ['runtime/trace.NewTask', 'github.com/DataDog/dd-trace-go/v2/ddtrace/tracer.startExecutionTracerTask'],
  none: ['main.handle'],
} as const

export const NO_PARENT = 2 ** 64

export function spanRows(tables: DrawnTables) {
  return {
    begin(
      timeNs: number,
      goroutine: number,
      task: number,
      name: string,
      more: { parent?: number; sdk?: keyof typeof SDK } = {},
    ): DrawnRow {
      const stack = tables.stack(...SDK[more.sdk ?? 'otel'])
      return {
        timeNs,
        kind: kind.UserTaskBegin,
        goroutine,
        args: [task, more.parent ?? NO_PARENT, tables.string(name), stack],
      }
    },
    /** `name`: absent where the begin was not seen. */
    end(timeNs: number, goroutine: number, task: number, name = '', sdk: keyof typeof SDK = 'otel'): DrawnRow {
      return {
        timeNs,
        kind: kind.UserTaskEnd,
        goroutine,
        args: [task, tables.stack(...SDK[sdk]), NO_PARENT, tables.string(name)],
      }
    },
    log(timeNs: number, goroutine: number, message: string, more: { category?: string; task?: number } = {}): DrawnRow {
      const key = tables.string(more.category ?? 'otel')
      return { timeNs, kind: kind.UserLog, goroutine, args: [more.task ?? 0, key, tables.string(message), 0] }
    },
    region(timeNs: number, goroutine: number, name: string, isEnd = false): DrawnRow {
      const type = isEnd ? kind.UserRegionEnd : kind.UserRegionBegin
      return { timeNs, kind: type, goroutine, args: [0, tables.string(name), 0] }
    },
  }
}

/** Ids of a span for tests: hexadecimal digits out of a small number. */
export function spanIds(number: number): {
  readonly traceId: string
  readonly spanId: string
  readonly logged: string
} {
  const traceId = (0xabc0 + number).toString(16).padStart(32, '1')
  const spanId = (0xdef0 + number).toString(16).padStart(16, '2')
  return { traceId, spanId, logged: traceId + spanId }
}
