/**
 * What a file is, by its content: a table of formats, tried in order, and of what is not ours, each with its code.
 * Enters: the bytes of a file, what inflating them gave where they are compressed, a name only as a hint.
 * Leaves: the kind for a capture, how sure that is, and why; for `unknown` the fault to report.
 * Looks, decodes nothing but profiles (their strings stand at the end), never throws.
 */
import { type ErrorCode, type Fault, fault } from '../base/errors.ts'
import type { CaptureFileKind } from '../model/capture.ts'
import { decodeBuildInfoBinary } from './build-info/binary.ts'
import { detectExecutable } from './build-info/executable.ts'
import { detectBuildInfo } from './build-info/text.ts'
import { detectGoroutineDump, detectOtherRuntime } from './goroutine-dump/goroutine-dump.ts'
import { parseLogfmt } from './logs/log-lines.ts'
import { looksLikeHtml } from './looks-like-html.ts'
import { detectExpvar } from './metrics/expvar.ts'
import { detectMetricsText } from './metrics/prometheus-text.ts'
import { decodePprofProto, detectPprof } from './pprof/pprof.ts'
import { classifyProfile } from './pprof/profile-kind.ts'
import { detectOtlpProto } from './stream/otlp-kind.ts'

export type Certainty = 'certain' | 'probable' | 'possible'

export type Detected = {
  readonly kind: CaptureFileKind
  readonly certainty: Certainty
  /** One sentence for people. */
  readonly why: string
  readonly compression?: 'gzip' | 'zstd'
  /** Set exactly where the kind is `unknown`. */
  readonly fault?: Fault
}

export type DetectHints = {
  /** File name: decides only between kinds that the content leaves open (an empty block or mutex profile). */
  readonly name?: string
  /** The bytes inflated, whole or their beginning; without them gzip is taken for a profile, which most are. */
  readonly inflated?: Uint8Array
}

/** What a row is given to look at. */
type Sample = { readonly bytes: Uint8Array; readonly text: string; readonly isText: boolean; readonly name: string }
type Row = { readonly what: string; readonly detect: (sample: Sample) => Detected | undefined }

/** Enough for the head of every format; a dump in a log is looked for further on. */
const HEAD_BYTES = 64 * 1024
const DUMP_SEARCH_BYTES = 64 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024
/** Linux allows 2 MiB of arguments in all by default. */
const MAX_CMDLINE_BYTES = 2 * 1024 * 1024

/** In order: the surest first, so that a looser row never sees what a surer one knows. */
export const formats: readonly Row[] = [
  { what: 'empty', detect: detectEmpty },
  { what: 'execution trace', detect: detectTrace },
  { what: 'executable', detect: detectBinary },
  { what: 'archive', detect: detectArchive },
  {
    what: 'HTML',
    detect: (s) => (looksLikeHtml(s.bytes) ? not('SL_DECODE_HTML', 'It begins like an HTML page') : undefined),
  },
  { what: 'OTLP protobuf', detect: detectOtlp },
  { what: 'profile', detect: detectProfile },
  { what: 'JSON', detect: detectJson },
  { what: 'goroutine dump', detect: detectDump },
  {
    what: 'build info',
    detect: (s) => (s.isText ? ours('build-info', detectBuildInfo(s.bytes), 'Go build info') : undefined),
  },
  { what: 'metrics', detect: detectMetrics },
  { what: 'other runtimes', detect: detectRuntime },
  { what: 'text profile', detect: detectTextProfile },
  { what: 'cmdline', detect: detectCmdline },
  { what: 'dump in a log', detect: detectLateDump },
  { what: 'logfmt', detect: detectLogfmt },
  {
    what: 'binary',
    detect: (s) => (s.isText ? undefined : not('SL_DECODE_BINARY_NOISE', 'It is binary and in no known format')),
  },
]

/** What these bytes are. */
export function detectKind(bytes: Uint8Array, hints: DetectHints = {}): Detected {
  const compression = compressionOf(bytes)
  if (compression !== undefined && hints.inflated !== undefined) {
    const inside = detectPlain(hints.inflated, hints.name ?? '')
    return { ...inside, why: `${inside.why} (inside ${compression})`, compression }
  }
  if (compression === 'gzip') {
    return {
      kind: 'profile',
      certainty: 'possible',
      why: 'It is gzipped, as profiles are; not inflated yet',
      compression,
    }
  }
  return detectPlain(bytes, hints.name ?? '')
}

function detectPlain(bytes: Uint8Array, name: string): Detected {
  const head = bytes.subarray(0, HEAD_BYTES)
  const isText = looksLikeText(head)
  const sample: Sample = { bytes, text: isText ? new TextDecoder().decode(head) : '', isText, name }
  for (const row of formats) {
    const found = row.detect(sample)
    if (found !== undefined) return found
  }
  return not('SL_DECODE_UNKNOWN_FORMAT', 'It is text in no format that sightline reads')
}

function compressionOf(bytes: Uint8Array): 'gzip' | 'zstd' | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip'
  return startsWith(bytes, [0x28, 0xb5, 0x2f, 0xfd]) ? 'zstd' : undefined
}

function detectEmpty({ bytes }: Sample): Detected | undefined {
  return bytes.length === 0 ? not('SL_DECODE_EMPTY', 'It is empty') : undefined
}

function detectTrace({ bytes }: Sample): Detected | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 16))
  const version = /^go (1\.\d{1,2}) trace\0{2,4}/.exec(head)
  return version === null ? undefined : sure('execution-trace', `It begins with the header of a go ${version[1]} trace`)
}

function detectBinary({ bytes }: Sample): Detected | undefined {
  const format = detectExecutable(bytes)
  if (format === undefined) return undefined
  return decodeBuildInfoBinary(bytes).ok
    ? sure('build-info', `It is an ${format} executable with Go build info`)
    : not(
        'SL_DECODE_NO_BUILD_INFO',
        `It is an ${format} executable in which no Go build info was found: not a Go program, or stripped of it`,
      )
}

const ARCHIVES: readonly { readonly magic: readonly number[]; readonly at: number; readonly what: string }[] = [
  { magic: [0x50, 0x4b, 3, 4], at: 0, what: 'zip' },
  { magic: [0x50, 0x4b, 5, 6], at: 0, what: 'zip' },
  { magic: [0x75, 0x73, 0x74, 0x61, 0x72], at: 257, what: 'tar' },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], at: 0, what: 'zstd' },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], at: 0, what: 'xz' },
  { magic: [0x42, 0x5a, 0x68], at: 0, what: 'bzip2' },
  { magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], at: 0, what: '7z' },
  { magic: [0x04, 0x22, 0x4d, 0x18], at: 0, what: 'lz4' },
]

function detectArchive({ bytes, isText }: Sample): Detected | undefined {
  const found = ARCHIVES.find((row) => startsWith(bytes, row.magic, row.at))
  if (found === undefined || (found.what === 'bzip2' && isText)) return undefined
  return not('SL_DECODE_ARCHIVE', `It is a ${found.what} file`)
}

function detectOtlp({ bytes }: Sample): Detected | undefined {
  const kind = detectOtlpProto(bytes.subarray(0, HEAD_BYTES))
  if (kind === undefined) return undefined
  return { kind, certainty: 'probable', why: `It reads as OTLP protobuf with ${kind}` }
}

function detectProfile({ bytes, name }: Sample): Detected | undefined {
  if (detectPprof(bytes.subarray(0, HEAD_BYTES)) !== 'proto') return undefined
  const decoded = decodePprofProto(bytes)
  if (!decoded.ok)
    return { kind: 'profile', certainty: 'probable', why: 'It begins like a pprof profile and is cut or damaged' }
  const { kind, certainty, why } = classifyProfile(decoded.value.value)
  const hint =
    kind === 'profile' && certainty === 'possible' ? /(?:^|[^a-z])(block|mutex)(?:[^a-z]|$)/i.exec(name) : null
  if (hint === null) return { kind, certainty, why: `A pprof profile: ${why}` }
  const named = hint[1]?.toLowerCase() === 'block' ? 'block-profile' : 'mutex-profile'
  return { kind: named, certainty: 'possible', why: `A pprof profile, called ${hint[1]} by its name: ${why}` }
}

function detectJson(sample: Sample): Detected | undefined {
  const { text, bytes } = sample
  if (!sample.isText || !/^\ufeff?\s*[{[]/.test(text)) return undefined
  // A goroutine dump, too, has brackets, but never begins with one; a JSON log may hold a dump.
  if (
    /^\s*\{\s*"schema"\s*:\s*"sightline\.capture\//.test(text) ||
    /"schema"\s*:\s*"sightline\.capture\/v\d+"/.test(text)
  ) {
    return sure('manifest', 'It names the schema of a capture manifest')
  }
  if (/"resource_?[sS]pans"\s*:\s*\[/.test(text)) return sure('spans', 'It is OTLP JSON with resourceSpans')
  if (/"resource_?[lL]ogs"\s*:\s*\[/.test(text)) return sure('logs', 'It is OTLP JSON with resourceLogs')
  const spans = SPAN_JSON.find((row) => row.test.test(text))
  if (spans !== undefined) return sure('spans', `It is ${spans.what}`)
  const build = ours('build-info', detectBuildInfo(bytes), 'Go build info as JSON')
  if (build !== undefined) return build
  const vars = ours('expvar', detectExpvar(bytes), 'what Go serves at /debug/vars')
  if (vars !== undefined) return vars
  const runtime = detectRuntime(sample)
  if (runtime !== undefined) return runtime
  if (detectGoroutineDump(bytes) === 'yes')
    return sure('goroutine-dump', 'Goroutine headers stand in its JSON log lines')
  return detectJsonLog(text)
}

/** What other tools call spans, by keys that stand together in nothing else. */
const SPAN_JSON: readonly { readonly test: RegExp; readonly what: string }[] = [
  { test: /^\ufeff?\s*\{\s*"data"\s*:\s*\[\s*\{\s*"(?:traceID|spans|processes)"\s*:/, what: 'Jaeger JSON' },
  {
    test: /^\ufeff?[\s[]*\{(?=[\s\S]*"spanI[Dd]"\s*:)(?=[\s\S]*"operationName"\s*:)(?=[\s\S]*"traceI[Dd]"\s*:)/,
    what: 'Jaeger JSON',
  },
  {
    test: /^\ufeff?\s*\{\s*"batches"\s*:\s*\[\s*\{\s*"(?:resource|scopeSpans|instrumentationLibrarySpans)"\s*:/,
    what: 'Tempo JSON',
  },
  {
    test: /^\ufeff?[\s[]*\{(?=[^{}]*"traceId"\s*:\s*"[0-9a-fA-F]{1,32}")(?=[^{}]*"id"\s*:\s*"[0-9a-fA-F]{1,16}")(?=[\s\S]*"(?:localEndpoint|timestamp|duration)"\s*:)/,
    what: 'Zipkin v2 JSON',
  },
]

const LOG_KEYS = /"(?:time|ts|timestamp|@timestamp|level|lvl|severity|severityText|msg|message|body|logger)"\s*:/

/** Lines that are an object each, most of them with a key that logs have. */
function detectJsonLog(text: string): Detected | undefined {
  const lines = text.split('\n').slice(0, 200)
  if (lines.length > 1) lines.pop() // cut by the head, or empty
  let logs = 0
  let filled = 0
  for (const line of lines) {
    if (line.trim() === '') continue
    filled++
    if (!/^\s*\{/.test(line) || !isJsonObject(line)) continue
    if (LOG_KEYS.test(line)) logs++
  }
  if (logs === 0 || logs * 2 < filled) return undefined
  return {
    kind: 'logs',
    certainty: filled > 1 ? 'probable' : 'possible',
    why: `${logs} of its first ${filled} lines are JSON log records`,
  }
}

function isJsonObject(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

function detectDump({ bytes, text }: Sample): Detected | undefined {
  if (detectGoroutineDump(bytes) !== 'yes') return undefined
  if (/^goroutineleak profile: total \d+/.test(text)) {
    return sure('goroutineleak-dump', 'It is the text form of a goroutineleak profile')
  }
  return sure('goroutine-dump', 'Goroutine headers stand in it')
}

function detectMetrics({ bytes, isText }: Sample): Detected | undefined {
  return isText ? ours('metrics-text', detectMetricsText(bytes), 'Prometheus text or OpenMetrics') : undefined
}

function detectRuntime({ bytes, isText }: Sample): Detected | undefined {
  const other = isText ? detectOtherRuntime(bytes.subarray(0, HEAD_BYTES)) : undefined
  return other === undefined ? undefined : not('SL_DECODE_OTHER_RUNTIME', `It looks like ${other.what}, not a Go dump`)
}

/** debug=1 forms of the profiles, which lose what their binary form has. */
const TEXT_PROFILE = /^(?:heap profile: \d+|--- (contention|mutex):|(\w+) profile: total \d+)/

function detectTextProfile({ text }: Sample): Detected | undefined {
  if (!TEXT_PROFILE.test(text)) return undefined
  const why = 'It is the text form (debug=1) of a profile: ask for it without debug='
  return not('SL_DECODE_UNKNOWN_FORMAT', why)
}

function detectCmdline({ bytes, text }: Sample): Detected | undefined {
  if (bytes.length > MAX_CMDLINE_BYTES || bytes.includes(0x0a) || bytes.includes(0xff)) return undefined
  const parts = new TextDecoder().decode(bytes).split('\0')
  if ((parts[0] ?? '') === '' || bytes.some((byte) => byte < 0x20 && byte !== 0 && byte !== 0x09)) return undefined
  if (parts.some((part) => part.includes('\ufffd'))) return undefined
  if (parts.length > 1) {
    // UTF-16 text has a NUL after every letter.
    if (parts.filter((part) => part.length === 1).length * 2 > parts.length) return undefined
    return { kind: 'cmdline', certainty: 'probable', why: `It is ${parts.length} arguments with NUL between them` }
  }
  if (!/^(?:\.{0,2}\/|[A-Za-z]:\\)[^\s"<>|]+$/.test(text)) return undefined
  return {
    kind: 'cmdline',
    certainty: 'possible',
    why: 'It is one path and nothing else, as a command line without arguments',
  }
}

/** Goroutine headers beyond the head: a log that ends in a panic. */
function detectLateDump({ bytes, isText }: Sample): Detected | undefined {
  if (!isText) return undefined
  const end = Math.min(bytes.length, DUMP_SEARCH_BYTES)
  for (let from = 0; from < end; from += CHUNK_BYTES) {
    const text = new TextDecoder().decode(bytes.subarray(from, Math.min(from + CHUNK_BYTES + 256, bytes.length)))
    if (/goroutine \d+ (?:gp=\S+ )?(?:m=\S+ )?(?:mp=\S+ )?\[[a-zA-Z]/.test(text)) {
      return { kind: 'goroutine-dump', certainty: 'probable', why: 'A goroutine header stands further on in its text' }
    }
  }
  if (CAUSE_LINE.test(new TextDecoder().decode(bytes.subarray(0, HEAD_BYTES)))) {
    return { kind: 'goroutine-dump', certainty: 'possible', why: 'It says why a Go program ended, without goroutines' }
  }
  return undefined
}

/** `key=value` lines with a level, a message or a time: most of those in the head. */
function detectLogfmt({ text, isText }: Sample): Detected | undefined {
  if (!isText) return undefined
  const lines = text.split('\n').slice(0, 200)
  if (lines.length > 1) lines.pop() // cut by the head, or empty
  const filled = lines.filter((line) => line.trim() !== '')
  const logs = filled.filter((line) => parseLogfmt(line.trim()) !== undefined).length
  if (logs === 0 || logs * 2 < filled.length) return undefined
  return { kind: 'logs', certainty: 'probable', why: `${logs} of its first ${filled.length} lines are logfmt` }
}

/** How the runtime begins when a program dies; under GOTRACEBACK=none that is all there is. */
const CAUSE_LINE = /^(?:panic: |fatal error: |SIG[A-Z]+: |\[signal SIG)/m

/** Text: no control characters but blanks, escapes and (in UTF-16) what its mark explains; valid UTF-8 mostly. */
function looksLikeText(head: Uint8Array): boolean {
  const isWide = startsWith(head, [0xff, 0xfe]) || startsWith(head, [0xfe, 0xff])
  if (isWide) return true
  let odd = 0
  for (const byte of head) {
    if (byte === 0) return false
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x1b) odd++
  }
  if (odd * 50 > head.length) return false
  const text = new TextDecoder().decode(head)
  let broken = 0
  for (const char of text) if (char === '\ufffd') broken++
  return broken * 20 <= head.length
}

function startsWith(bytes: Uint8Array, magic: readonly number[], at: number = 0): boolean {
  return magic.every((byte, index) => bytes[at + index] === byte)
}

function ours(
  kind: CaptureFileKind,
  certainty: 'certain' | 'possible' | undefined,
  what: string,
): Detected | undefined {
  return certainty === undefined ? undefined : { kind, certainty, why: `It reads as ${what}` }
}

function sure(kind: CaptureFileKind, why: string): Detected {
  return { kind, certainty: 'certain', why }
}

function not(code: ErrorCode, why: string): Detected {
  return { kind: 'unknown', certainty: 'certain', why, fault: fault(code, { message: why }) }
}
