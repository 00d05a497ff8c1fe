/** Error and issue codes of `decode`. Codes are never renamed or reused. */
import type { CodeRow } from './code-row.ts'

export const decodeCodes = {
  SL_DECODE_EMPTY: {
    summary: 'The input is empty',
    hint: 'Capture it again: an empty file holds no evidence, which is not the same as no trouble.',
    exitCode: 65,
    httpStatus: 422,
    retryable: false,
  },
  SL_DECODE_UNKNOWN_FORMAT: {
    summary: 'The input is in no format that sightline reads',
    hint: 'Give a goroutine dump, a pprof profile, a Go execution trace, expvar JSON, Prometheus text or a capture.',
    exitCode: 65,
    httpStatus: 422,
    retryable: false,
  },
  SL_DECODE_TRUNCATED: {
    summary: 'The input ends in the middle of a record',
    hint: 'What stands before the cut was used where possible; capture again for the rest.',
    exitCode: 65,
    httpStatus: 422,
    retryable: false,
  },
  SL_DECODE_MALFORMED: {
    summary: 'The input breaks the rules of its own format',
    hint: 'Capture it again; if it came through a proxy or an editor, take the original bytes.',
    exitCode: 65,
    httpStatus: 422,
    retryable: false,
  },
  SL_DECODE_TOO_LARGE: {
    summary: 'The input is larger than the limit set for it',
    hint: 'Raise the limit with the flag that the message names, or capture less.',
    exitCode: 65,
    httpStatus: 413,
    retryable: false,
  },
} as const satisfies Record<string, CodeRow>
