/**
 * The one progress writer: a line on stderr that rewrites itself on a terminal, plain lines with --progress elsewhere,
 * nothing otherwise. Steps that come faster than the eye are dropped on a terminal.
 */
import { formatSize } from '../base/units.ts'
import type { ProgressSink } from '../model/report.ts'
import { cutEnd, escapeControls } from '../render/text.ts'
import type { OutStream } from './streams.ts'

export type ProgressOptions = {
  readonly stream: OutStream
  readonly mode: 'rewrite' | 'lines' | 'off'
  readonly width: number
  readonly nowMs: () => number
}

const LEAST_GAP_MS = 80

export function openProgress({ stream, mode, width, nowMs }: ProgressOptions): ProgressSink & { close(): void } {
  let shownAtMs = Number.NEGATIVE_INFINITY
  let last = ''
  let isDirty = false
  return {
    step(what, progress) {
      if (mode === 'off') return
      const line = escapeControls(what) + sayProgress(progress)
      if (line === last) return
      if (mode === 'lines') {
        last = line
        stream.write(`${line}\n`)
        return
      }
      if (nowMs() - shownAtMs < LEAST_GAP_MS) return
      last = line
      shownAtMs = nowMs()
      isDirty = true
      stream.write(`\r\x1b[2K${cutEnd(line, width - 1)}`)
    },
    close() {
      if (isDirty) stream.write('\r\x1b[2K')
      isDirty = false
    },
  }
}

function sayProgress(progress: Parameters<ProgressSink['step']>[1]): string {
  if (progress === undefined) return ''
  const format = (value: number) => (progress.unit === 'bytes' ? formatSize(value) : String(value))
  return progress.total === undefined
    ? ` ${format(progress.done)}`
    : ` ${format(progress.done)}/${format(progress.total)}`
}
