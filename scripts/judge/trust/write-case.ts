/**
 * One case on disk: spans.otlp.json and logs.otlp.json as a collector's file exporter writes them (a request per line),
 * headers.ndjson where headers are known; and the truth of it. Spans go to the file while the shop runs.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openOtlpSink } from './otlp.ts'
import { type RunOptions, type RunResult, runShop } from './run.ts'

export type WrittenCase = RunResult & {
  readonly files: readonly string[]
  readonly headersFile?: string
  readonly counts: { readonly spans: number; readonly logs: number; readonly traces: number }
}

const CHUNK = 1 << 20

export function writeCase(folder: string, options: Omit<RunOptions, 'onRequest'>): WrittenCase {
  mkdirSync(folder, { recursive: true })
  const spans = openWriter(join(folder, 'spans.otlp.json'))
  const logs = openWriter(join(folder, 'logs.otlp.json'))
  const sink = openOtlpSink({ endNs: options.hours * 3600e9, writeSpans: spans.write, writeLogs: logs.write })
  const result = runShop({ ...options, onRequest: sink.add })
  sink.finish()
  spans.close()
  logs.close()
  const files = [spans.path, logs.path]
  if (options.keepsHeaders !== true) return { ...result, files, counts: sink.counts }
  const headersFile = join(folder, 'headers.ndjson')
  writeFileSync(headersFile, result.headers.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return { ...result, files, headersFile, counts: sink.counts }
}

function openWriter(path: string): { path: string; write: (text: string) => void; close: () => void } {
  const file = openSync(path, 'w')
  let pending: string[] = []
  let size = 0
  const flush = (): void => {
    if (pending.length > 0) writeSync(file, pending.join(''))
    pending = []
    size = 0
  }
  return {
    path,
    write(text) {
      pending.push(text)
      size += text.length
      if (size > CHUNK) flush()
    },
    close() {
      flush()
      closeSync(file)
    },
  }
}
