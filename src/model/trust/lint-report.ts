/** What another linter says of a line of Go: as it names itself and its rule, with the file as it wrote it. */
export type LintRemark = {
  /** `golangci-lint`, `gosec`, or the driver's name of a SARIF file. */
  readonly tool: string
  /** The linter within it (contextcheck) or the id of the rule (G118). */
  readonly rule: string
  readonly message: string
  readonly file: string
  readonly line: number
  readonly column?: number
}
