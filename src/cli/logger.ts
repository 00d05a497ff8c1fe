/**
 * The one structured logger: one line per event on stderr, logfmt or JSON, with level, message and fields.
 * Control characters in values are escaped; secrets never reach it (their flags are not logged).
 */
import { escapeControls, printJson } from '../render/text.ts'
import type { OutStream } from './streams.ts'

export const logLevels = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]
export const logFormats = ['logfmt', 'json'] as const
export type LogFormat = (typeof logFormats)[number]

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

export type Logger = {
  readonly level: LogLevel
  log(level: LogLevel, message: string, fields?: LogFields): void
}

export type LoggerOptions = {
  readonly stream: OutStream
  readonly level: LogLevel
  readonly format: LogFormat
  /** RFC 3339. */
  readonly now: () => string
}

export function openLogger({ stream, level, format, now }: LoggerOptions): Logger {
  return {
    level,
    log(lineLevel, message, fields = {}) {
      if (logLevels.indexOf(lineLevel) > logLevels.indexOf(level)) return
      const line = { time: now(), level: lineLevel, message, ...fields }
      stream.write(`${format === 'json' ? printJson(line) : formatLogfmt(line)}\n`)
    },
  }
}

function formatLogfmt(line: LogFields): string {
  return Object.entries(line)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${quoteValue(String(value))}`)
    .join(' ')
}

function quoteValue(value: string): string {
  const escaped = escapeControls(value)
  return /^[^\s="]+$/.test(escaped) ? escaped : `"${escaped.replaceAll('"', '\\"')}"`
}
