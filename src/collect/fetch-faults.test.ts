/** The table of wire errors: every code that Node, OpenSSL and the HTTP parser give has a row or a named fallback. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainSocketError, explainStatus } from './fetch-faults.ts'

const ERRORS: readonly (readonly [string, string, boolean, string])[] = [
  ['EHOSTUNREACH', '', false, 'UNREACHABLE'],
  ['ENETUNREACH', '', false, 'UNREACHABLE'],
  ['EACCES', '', false, 'SOCKET_DENIED'],
  ['EAI_AGAIN', '', false, 'DNS'],
  ['ECONNRESET', '', false, 'RESET'],
  ['ECONNRESET', '', true, 'CUT'],
  ['HPE_INVALID_CONSTANT', '', false, 'NOT_HTTP'],
  ['HPE_HEADER_OVERFLOW', '', false, 'NOT_HTTP'],
  ['CERT_HAS_EXPIRED', '', false, 'TLS_UNTRUSTED'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', '', false, 'TLS_NAME'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', '', false, 'TLS_CLIENT_CERT'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', '', false, 'TLS_CLIENT_CERT'],
  ['EPROTO', 'ssl3_read_bytes:tlsv13 alert certificate required', false, 'TLS_CLIENT_CERT'],
  ['EPROTO', 'wrong version number', false, 'TLS_NOT_TLS'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', '', false, 'TLS_NOT_TLS'],
  ['ESOMETHINGNEW', '', false, 'RESET'],
]

for (const [code, message, began, expected] of ERRORS) {
  test(`${code}${message === '' ? '' : ` (${message})`}${began ? ' in the middle of a body' : ''} is ${expected}`, () => {
    const explained = explainSocketError(Object.assign(new Error(message), { code }), 'h:1', began)
    assert.equal(explained.code, `SL_COLLECT_${expected}`)
    assert.equal(explained.target, 'h:1')
    assert.equal(explained.detail?.cause, code)
  })
}

test('the words of Go tell a plain request on a TLS port and a missing delta from other 400s', () => {
  const codeOf = (words: string): string | undefined => explainStatus(400, words, 'h:1')?.code
  assert.equal(codeOf('Client sent an HTTP request to an HTTPS server.\n'), 'SL_COLLECT_TLS_EXPECTED')
  assert.equal(codeOf('"seconds" parameter is not supported for this profile type'), 'SL_COLLECT_DELTA_UNSUPPORTED')
  assert.equal(codeOf('no'), 'SL_COLLECT_REJECTED')
  assert.equal(explainStatus(204, '', 'h:1'), undefined)
})

test('the page of an error is not repeated, short words are', () => {
  assert.equal(explainStatus(500, '<html><body>…', 'h:1')?.detail?.answer, undefined)
  assert.equal(explainStatus(500, 'boom\n', 'h:1')?.detail?.answer, 'boom')
})
