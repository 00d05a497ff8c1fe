/** Error and issue codes of `analyze`. Codes are never renamed or reused. */
import type { CodeRow } from './code-row.ts'

export const analyzeCodes = {} as const satisfies Record<string, CodeRow>
