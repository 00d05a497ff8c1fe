/**
 * What can go wrong on the wire, as a table: error codes of Node's sockets, TLS and HTTP parser, and HTTP statuses,
 * each to a code of the catalogue. An error that no row knows is SL_COLLECT_RESET with the original code in `detail`.
 * Sources: Node's errors.md, OpenSSL's alert names (RFC 8446 section 6.2), sysexits of the catalogue.
 */
import { type ErrorCode, type Fault, fault } from '../base/errors.ts'

const SOCKET_CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'SL_COLLECT_REFUSED',
  ENOTFOUND: 'SL_COLLECT_DNS',
  EAI_AGAIN: 'SL_COLLECT_DNS',
  EAI_NODATA: 'SL_COLLECT_DNS',
  ENODATA: 'SL_COLLECT_DNS',
  EHOSTUNREACH: 'SL_COLLECT_UNREACHABLE',
  ENETUNREACH: 'SL_COLLECT_UNREACHABLE',
  EADDRNOTAVAIL: 'SL_COLLECT_UNREACHABLE',
  ETIMEDOUT: 'SL_COLLECT_TIMEOUT',
  ENOENT: 'SL_COLLECT_SOCKET_MISSING',
  ENOTSOCK: 'SL_COLLECT_SOCKET_MISSING',
  EACCES: 'SL_COLLECT_SOCKET_DENIED',
  EPERM: 'SL_COLLECT_SOCKET_DENIED',
  ECONNRESET: 'SL_COLLECT_RESET',
  EPIPE: 'SL_COLLECT_RESET',
}

const TLS_CODES: Readonly<Record<string, ErrorCode>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'SL_COLLECT_TLS_UNTRUSTED',
  SELF_SIGNED_CERT_IN_CHAIN: 'SL_COLLECT_TLS_UNTRUSTED',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'SL_COLLECT_TLS_UNTRUSTED',
  UNABLE_TO_GET_ISSUER_CERT: 'SL_COLLECT_TLS_UNTRUSTED',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'SL_COLLECT_TLS_UNTRUSTED',
  CERT_UNTRUSTED: 'SL_COLLECT_TLS_UNTRUSTED',
  CERT_HAS_EXPIRED: 'SL_COLLECT_TLS_UNTRUSTED',
  CERT_NOT_YET_VALID: 'SL_COLLECT_TLS_UNTRUSTED',
  CERT_REVOKED: 'SL_COLLECT_TLS_UNTRUSTED',
  CERT_SIGNATURE_FAILURE: 'SL_COLLECT_TLS_UNTRUSTED',
  INVALID_CA: 'SL_COLLECT_TLS_UNTRUSTED',
  INVALID_PURPOSE: 'SL_COLLECT_TLS_UNTRUSTED',
  ERR_TLS_CERT_ALTNAME_INVALID: 'SL_COLLECT_TLS_NAME',
}

/** What a failed socket, handshake or parse means. `began`: a part of the body had come already. */
export function explainSocketError(error: unknown, target: string, began: boolean): Fault {
  const { code, message } = readError(error)
  const detail = { cause: code === '' ? message : code }
  return fault(chooseSocketCode(code, message, began), { target, detail })
}

function chooseSocketCode(code: string, message: string, began: boolean): ErrorCode {
  const known = TLS_CODES[code]
  if (known !== undefined) return known
  // The server's alerts after its handshake: certificate_required (TLS 1.3), bad_certificate, unknown_ca, …
  if (/ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED)/.test(code)) {
    return 'SL_COLLECT_TLS_CLIENT_CERT'
  }
  if (/^ERR_SSL_/.test(code) || code === 'EPROTO') {
    return /alert (certificate required|bad certificate|unknown ca)/i.test(message)
      ? 'SL_COLLECT_TLS_CLIENT_CERT'
      : 'SL_COLLECT_TLS_NOT_TLS'
  }
  if (began) return 'SL_COLLECT_CUT'
  if (/^HPE_/.test(code)) return 'SL_COLLECT_NOT_HTTP'
  return SOCKET_CODES[code] ?? 'SL_COLLECT_RESET'
}

function readError(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return { code, message: error.message }
}

/** What net/http/pprof says when its one tracer or CPU profiler is taken (runtime/trace and runtime/pprof Start). */
const BUSY_WORDS: readonly { readonly words: RegExp; readonly code: ErrorCode }[] = [
  { words: /Could not enable tracing/, code: 'SL_COLLECT_TRACE_BUSY' },
  { words: /Could not enable CPU profiling/, code: 'SL_COLLECT_PROFILE_BUSY' },
]

/**
 * The fault of a status other than 2xx. `firstWords` is the start of the body: shown in `detail`, and what a busy
 * tracer is told by. Undefined for 2xx.
 */
export function explainStatus(status: number, firstWords: string, target: string): Fault | undefined {
  if (status >= 200 && status < 300) return undefined
  const busy = BUSY_WORDS.find((row) => status >= 500 && row.words.test(firstWords))
  const answer = /<html|<!doctype/i.test(firstWords) ? undefined : firstWords.trim().slice(0, 200)
  return fault(busy?.code ?? chooseStatusCode(status, firstWords), {
    target,
    detail: { httpStatus: status, ...(answer === undefined || answer === '' ? {} : { answer }) },
  })
}

function chooseStatusCode(status: number, firstWords: string): ErrorCode {
  if (status === 401 || status === 407) return 'SL_COLLECT_UNAUTHORIZED'
  if (status === 403) return 'SL_COLLECT_FORBIDDEN'
  if (status === 404 || status === 410) return 'SL_COLLECT_NOT_FOUND'
  if (status === 429 || status === 503) return 'SL_COLLECT_THROTTLED'
  if (status >= 300 && status < 400) return 'SL_COLLECT_REDIRECT'
  if (status >= 500) return 'SL_COLLECT_SERVER_ERROR'
  // Go's own words (net/http/server.go), and nginx's and Apache's for the same mistake.
  if (
    /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS|SSL-enabled server port/i.test(firstWords)
  ) {
    return 'SL_COLLECT_TLS_EXPECTED'
  }
  if (/"seconds" parameter is not supported|invalid value for "seconds"/.test(firstWords)) {
    return 'SL_COLLECT_DELTA_UNSUPPORTED'
  }
  return 'SL_COLLECT_REJECTED'
}
