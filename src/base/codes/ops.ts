/** Error and issue codes of `ops`. Codes are never renamed or reused. */
import type { CodeRow } from './code-row.ts'

export const opsCodes = {
  SL_OPS_NO_EVIDENCE: {
    summary: 'Nothing that could be read says anything of goroutines',
    hint: 'Give a goroutine dump, a profile, or a capture; the issues say what became of each file.',
    exitCode: 65,
    httpStatus: 422,
    retryable: false,
  },
  SL_OPS_FILE_UNREADABLE: {
    summary: 'A file of the capture could not be decoded, and was left out',
    hint: 'The verdict rests on the other files; the cause says what is wrong with this one.',
    exitCode: 65,
    httpStatus: 422,
    retryable: false,
  },
  SL_OPS_FILE_NOT_USED: {
    summary: 'A file of the capture is of a kind that diagnose does not read',
    hint: 'It is kept; other commands may use it.',
    exitCode: 0,
    httpStatus: 200,
    retryable: false,
  },
  SL_OPS_OTHER_PROCESS: {
    summary: 'The dumps are not of one living process, so they cannot be compared',
    hint: 'For motion over time take several dumps of one process: sightline diagnose URL.',
    exitCode: 0,
    httpStatus: 200,
    retryable: false,
  },
  SL_OPS_NO_GOROUTINE: {
    summary: 'The trace has no goroutine of that id',
    hint: 'Ids are those of dumps and of `timeline --ndjson`; a goroutine that was never active in the trace may not be in it.',
    exitCode: 65,
    httpStatus: 404,
    retryable: false,
  },
  SL_OPS_NO_CLOCK: {
    summary: 'The trace does not say what time of day it was taken',
    hint: 'Traces of Go 1.25 and later do. Give --from and --to as durations from its begin (1.2s), or as a share (40%).',
    exitCode: 65,
    httpStatus: 422,
    retryable: false,
  },
  SL_OPS_OUTSIDE_TRACE: {
    summary: 'The time asked for lies outside the trace',
    hint: 'sightline timeline without --from and --to says when the trace begins and how long it is.',
    exitCode: 65,
    httpStatus: 404,
    retryable: false,
  },
  SL_OPS_TARGETS_FAILED: {
    summary: 'Some of the targets failed, more than the tolerance allows',
    hint: 'See coverage.missing for each; --max-failures sets the tolerance.',
    exitCode: 3,
    httpStatus: 207,
    retryable: true,
  },
} as const satisfies Record<string, CodeRow>
