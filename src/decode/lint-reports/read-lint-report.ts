/**
 * Reports of other linters → remarks on lines: SARIF 2.1.0 (golangci-lint, gosec, others), golangci-lint's JSON
 * (`--output.json.path`, before 2.0 `--out-format json`) and gosec's JSON (`-fmt json`). Which it is gets decided by the
 * content. What has no file or line is passed over. Codes: SL_DECODE_MALFORMED, SL_DECODE_TOO_LARGE.
 */
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { LintRemark } from '../../model/trust/lint-report.ts'

const MAX_REMARKS = 200_000

export type LintReport = {
  readonly format: 'sarif' | 'golangci-lint' | 'gosec'
  readonly remarks: readonly LintRemark[]
  /** Results without a place. */
  readonly placeless: number
}

type Fields = Readonly<Record<string, unknown>>

export function readLintReport(text: string): Result<LintReport, Fault> {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return malformed('is no JSON')
  }
  if (!isFields(value)) return malformed('is no JSON object')
  const read =
    Array.isArray(value.runs) && (value.version === undefined || String(value.version).startsWith('2.'))
      ? gather('sarif', readSarif(value.runs))
      : 'Issues' in value && ('GosecVersion' in value || 'Stats' in value || 'Golang errors' in value)
        ? gather('gosec', listOf(value.Issues).map(readGosec))
        : 'Issues' in value
          ? gather('golangci-lint', listOf(value.Issues).map(readGolangci))
          : undefined
  if (read === undefined) return malformed('is neither SARIF 2.1.0 nor JSON of golangci-lint or gosec')
  if (read.remarks.length > MAX_REMARKS) {
    return err(fault('SL_DECODE_TOO_LARGE', { message: `The report holds more than ${MAX_REMARKS} results` }))
  }
  return ok(read)
}

function gather(format: LintReport['format'], found: readonly (LintRemark | undefined)[]): LintReport {
  const remarks = found.filter((one) => one !== undefined)
  return { format, remarks, placeless: found.length - remarks.length }
}

function readSarif(runs: readonly unknown[]): (LintRemark | undefined)[] {
  return runs.filter(isFields).flatMap((run) => {
    const driver = at(at(run, 'tool'), 'driver')
    const tool = textOf(at(driver, 'name')) || 'sarif'
    const rules = listOf(at(driver, 'rules'))
    return listOf(run.results).map((result) => {
      const place = at(listOf(at(result, 'locations'))[0], 'physicalLocation')
      const region = at(place, 'region')
      const index = at(result, 'ruleIndex')
      const named = typeof index === 'number' ? textOf(at(rules[index], 'id')) : ''
      return makeRemark({
        tool,
        rule: textOf(at(result, 'ruleId')) || named,
        message: textOf(at(at(result, 'message'), 'text')),
        file: decodePath(textOf(at(at(place, 'artifactLocation'), 'uri'))),
        line: at(region, 'startLine'),
        column: at(region, 'startColumn'),
      })
    })
  })
}

function readGolangci(issue: unknown): LintRemark | undefined {
  const place = at(issue, 'Pos')
  return makeRemark({
    tool: 'golangci-lint',
    rule: textOf(at(issue, 'FromLinter')),
    message: textOf(at(issue, 'Text')),
    file: textOf(at(place, 'Filename')),
    line: at(place, 'Line'),
    column: at(place, 'Column'),
  })
}

/** Lines are text: `12`, or `12-14`. */
function readGosec(issue: unknown): LintRemark | undefined {
  const line = Number.parseInt(textOf(at(issue, 'line')), 10)
  const column = Number.parseInt(textOf(at(issue, 'column')), 10)
  return makeRemark({
    tool: 'gosec',
    rule: textOf(at(issue, 'rule_id')),
    message: textOf(at(issue, 'details')),
    file: textOf(at(issue, 'file')),
    line,
    column,
  })
}

function makeRemark(given: {
  readonly tool: string
  readonly rule: string
  readonly message: string
  readonly file: string
  readonly line: unknown
  readonly column: unknown
}): LintRemark | undefined {
  const { tool, rule, message, line, column } = given
  const file = given.file.replaceAll('\\', '/').replace(/^\.\//, '')
  if (file === '' || !isPosition(line)) return undefined
  return { tool, rule, message, file, line, ...(isPosition(column) ? { column } : {}) }
}

function isPosition(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0
}

function decodePath(uri: string): string {
  const path = uri.replace(/^file:\/\//, '')
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function at(value: unknown, key: string): unknown {
  return isFields(value) ? value[key] : undefined
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function malformed(why: string): Result<never, Fault> {
  return err(fault('SL_DECODE_MALFORMED', { message: `The linter's report ${why}` }))
}
