/** The shape of a row of the error catalogue; the rows live in one file per room beside this one. */

/** Exit codes of the contract: sysexits, and our own verdicts. */
export type ExitCode = 0 | 1 | 2 | 3 | 64 | 65 | 66 | 69 | 70 | 73 | 74 | 75 | 77 | 78 | 124 | 126 | 127

export type CodeRow = {
  /** What went wrong, one sentence without a full stop's worth of jargon. */
  readonly summary: string
  /** What the user can do about it. */
  readonly hint: string
  readonly exitCode: ExitCode
  readonly httpStatus: number
  readonly retryable: boolean
}
