/**
 * Whether an answer is what was asked for, by its content: 200 proves nothing (login pages, proxies, other runtimes).
 * Enters: the kind that a step wants, and the answer. Leaves: what it tells (a decoded profile), or a fault.
 * Only what a later decision needs is decoded here; reading the rest is `decode`'s, when the capture is judged.
 */
import { type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import { decodePprof } from '../decode/pprof/pprof.ts'
import type { CaptureFileKind } from '../model/capture.ts'
import type { Inflater } from '../model/ports.ts'
import type { Profile } from '../model/profile.ts'
import type { Answer } from './fetcher.ts'

export type CheckedAnswer = {
  readonly profile?: Profile
  /** Why the content is not all there was, though the transfer was whole. */
  readonly partial?: Fault
}

/** runtime/pprof writeGoroutineStacks stops at 64 MiB without a word. */
const DUMP_CUT_BYTES = 64 * 1024 * 1024

/** Codes: SL_COLLECT_EMPTY, _HTML, _NOT_PPROF, and those of decodePprof for damaged gzip. */
export async function checkAnswer(
  kind: CaptureFileKind,
  answer: Answer,
  inflater: Inflater,
  target: string,
): Promise<Result<CheckedAnswer>> {
  if (answer.bytes.length === 0) return err(answer.cut ?? fault('SL_COLLECT_EMPTY', { target }))
  const head = readHead(answer.bytes)
  if (isHtml(answer, head)) return err(fault('SL_COLLECT_HTML', { target, detail: { starts: head.slice(0, 80) } }))
  if (kind.endsWith('-profile')) return checkProfile(answer, inflater, target)
  const wanted = FORMS[kind]
  if (wanted !== undefined && !wanted.test(head)) return err(notPprof(target, head))
  const isDump = kind === 'goroutine-dump' || kind === 'goroutineleak-dump'
  if (isDump && answer.bytes.length === DUMP_CUT_BYTES) {
    return ok({ partial: fault('SL_DECODE_DUMP_CAPPED', { target }) })
  }
  return ok({})
}

/** How each text form begins. */
const FORMS: Partial<Readonly<Record<CaptureFileKind, RegExp>>> = {
  'goroutine-dump': /^goroutine \d+ /,
  'goroutineleak-dump': /^goroutine \d+ /,
  'execution-trace': /^go 1\.\d+ trace/,
  expvar: /^\s*\{/,
  'metrics-text': /^(# (HELP|TYPE|UNIT|EOF)|[a-zA-Z_:][\w:]*(\{| ))/m,
}

async function checkProfile(answer: Answer, inflater: Inflater, target: string): Promise<Result<CheckedAnswer>> {
  if (answer.cut !== undefined) return err(answer.cut)
  const decoded = await decodePprof(answer.bytes, { inflater })
  if (decoded.ok) return ok({ profile: decoded.value.value })
  const own = /GZIP|BOMB|TOO_LARGE/.test(decoded.error.code)
  return err(own ? { ...decoded.error, target } : { ...notPprof(target, readHead(answer.bytes)), cause: decoded.error })
}

function notPprof(target: string, head: string): Fault {
  const starts = head.slice(0, 60).replace(/[^\x20-\x7e]/g, '.')
  return fault('SL_COLLECT_NOT_PPROF', { target, detail: { starts } })
}

function isHtml(answer: Answer, head: string): boolean {
  return (
    /^\s*(<!doctype html|<html|<head|<\?xml)/i.test(head) || /^text\/html\b/i.test(answer.headers['content-type'] ?? '')
  )
}

function readHead(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096)).toString('latin1')
}
