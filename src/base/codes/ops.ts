/** Error and issue codes of `ops`. Codes are never renamed or reused. */
import type { CodeRow } from './code-row.ts'

export const opsCodes = {} as const satisfies Record<string, CodeRow>
