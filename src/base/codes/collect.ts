/** Error and issue codes of `collect`. Codes are never renamed or reused. */
import type { CodeRow } from './code-row.ts'

export const collectCodes = {
  SL_COLLECT_TIMEOUT: {
    summary: 'The target did not answer in time',
    hint: 'Check that the address is right and the service is not wedged; raise --timeout if it is only slow.',
    exitCode: 69,
    httpStatus: 504,
    retryable: true,
  },
  SL_COLLECT_NO_INPUT: {
    summary: 'The file or folder does not exist or cannot be read',
    hint: 'Check the path and its permissions.',
    exitCode: 66,
    httpStatus: 404,
    retryable: false,
  },
} as const satisfies Record<string, CodeRow>
