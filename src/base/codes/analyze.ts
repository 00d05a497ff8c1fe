/** Error and issue codes of `analyze`. Codes are never renamed or reused. */
import type { CodeRow } from './code-row.ts'

export const analyzeCodes = {
  SL_ANALYZE_ONE_DUMP: {
    summary: 'There is only one goroutine dump: what stands still and what moves cannot be told',
    hint: 'Take two or more dumps some seconds apart: `sightline capture URL` does.',
    exitCode: 2,
    httpStatus: 200,
    retryable: false,
  },
  SL_ANALYZE_NO_DUMP: {
    summary: 'There is no goroutine dump: nothing says what goroutines wait on',
    hint: 'Give a dump (/debug/pprof/goroutine?debug=2) beside the profiles.',
    exitCode: 2,
    httpStatus: 200,
    retryable: false,
  },
  SL_ANALYZE_NO_TIMES: {
    summary: 'The dumps do not say when they were taken: no duration can be given',
    hint: 'Use a capture (`sightline capture`), which keeps the times, instead of loose files.',
    exitCode: 0,
    httpStatus: 200,
    retryable: false,
  },
  SL_ANALYZE_UNKNOWN_WAIT_REASON: {
    summary: 'A dump has a wait reason that this version does not know',
    hint: 'Its goroutines count as unexplained; a newer version may know the reason.',
    exitCode: 0,
    httpStatus: 200,
    retryable: false,
  },
  SL_ANALYZE_DUMP_CUT: {
    summary: 'A goroutine dump was cut: goroutines are missing from it',
    hint: 'The runtime stops at 64 MiB without a word; the goroutine profile (debug=0) has them all, without reasons.',
    exitCode: 0,
    httpStatus: 200,
    retryable: false,
  },
  SL_ANALYZE_TRACE_NOT_READ: {
    summary: 'An execution trace is at hand and could not be read',
    hint: 'It is kept in the capture; the verdict rests on the other lenses.',
    exitCode: 0,
    httpStatus: 200,
    retryable: false,
  },
  SL_ANALYZE_FINDINGS_OMITTED: {
    summary: 'A rule found more than a report lists: the cheapest findings were left out',
    hint: 'The groups of the report have them all.',
    exitCode: 0,
    httpStatus: 200,
    retryable: false,
  },
  SL_ANALYZE_DUMPS_DIFFER: {
    summary: 'The dumps share no goroutine: they may be of different processes',
    hint: 'Diagnose them one by one, or capture again: the process may have restarted in between.',
    exitCode: 0,
    httpStatus: 200,
    retryable: false,
  },
} as const satisfies Record<string, CodeRow>
