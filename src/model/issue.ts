/**
 * A doubt about the data: truncated trace, unknown wait reason, duplicate id. Evidence, not a log line.
 * Issues travel beside the value they are about; a log of them is de-duplicated and capped, the rest counted.
 * Model: util/annotations in prometheus/prometheus.
 */
import type { ErrorCode, JsonValue } from '../base/errors.ts'

export type IssueSeverity = 'warning' | 'info'

/** Where in the input: one of the fields, as the format has it. */
export type IssuePlace = {
  readonly file?: string
  readonly offset?: number
  readonly line?: number
}

export type Issue = {
  readonly code: ErrorCode
  readonly message: string
  readonly severity: IssueSeverity
  /** The first place it was seen. */
  readonly at?: IssuePlace
  /** How often; `message` describes all of them. */
  readonly count: number
  readonly detail?: { readonly [key: string]: JsonValue | undefined }
}

/** A value with the doubts that reading it left. */
export type Decoded<T> = { readonly value: T; readonly issues: readonly Issue[] }

/** Distinct (code, message) pairs kept per log; further ones are counted under one row. */
const MAX_DISTINCT_ISSUES = 100

export type IssueLog = {
  add(code: ErrorCode, message: string, more?: { severity?: IssueSeverity; at?: IssuePlace; count?: number }): void
  addAll(issues: readonly Issue[], file?: string): void
  list(): Issue[]
}

export function openIssueLog(max: number = MAX_DISTINCT_ISSUES): IssueLog {
  const byKey = new Map<string, { -readonly [K in keyof Issue]: Issue[K] }>()
  let omitted = 0
  function put(issue: Issue): void {
    const key = `${issue.code}\n${issue.at?.file ?? ''}\n${issue.message}`
    const known = byKey.get(key)
    if (known !== undefined) {
      known.count += issue.count
      return
    }
    if (byKey.size >= max) {
      omitted += issue.count
      return
    }
    byKey.set(key, { ...issue })
  }
  return {
    add(code, message, more = {}) {
      put({
        code,
        message,
        severity: more.severity ?? 'warning',
        ...(more.at === undefined ? {} : { at: more.at }),
        count: more.count ?? 1,
      })
    },
    addAll(issues, file) {
      for (const issue of issues) put(file === undefined ? issue : { ...issue, at: { ...issue.at, file } })
    },
    list() {
      const all: Issue[] = [...byKey.values()]
      if (omitted > 0) {
        const message = `${omitted} further issues are not listed`
        all.push({ code: 'SL_DECODE_MALFORMED', message, severity: 'info', count: omitted })
      }
      return all
    },
  }
}
