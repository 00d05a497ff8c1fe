/** What an audit is given: the engines behind it (threads, the grammar's files, the toolchain), and what was asked for. */
import type { Result } from '../../base/result.ts'
import type { GoFacts, GoFactsInput } from '../../collect/go-facts/go-facts.ts'
import type { Clock, WorkerPool } from '../../model/ports.ts'
import type { ProgressSink } from '../../model/report.ts'
import type { AuditJobs, GrammarPaths } from './audit-thread.ts'

export type AuditDeps = {
  readonly clock: Clock
  readonly goGrammar: GrammarPaths
  /** Absent: tier a only. */
  readonly typeGo?: GoTyper
  readonly auditThreads: { readonly cores: number; readonly openPool: (size: number) => WorkerPool<AuditJobs> }
}

/** Types of the packages by the user's own toolchain; wired to collect/go-facts. */
export type GoTyper = (
  input: GoFactsInput,
  hooks: { readonly signal: AbortSignal; readonly progress: ProgressSink },
) => Promise<Result<GoFacts>>

export type AuditInput = {
  readonly root: string
  /** As it was given, for people. */
  readonly name: string
  /** `a`: by syntax alone; `b`: the toolchain or a fault; neither: the toolchain where it works. */
  readonly tier?: 'a' | 'b'
  readonly signal?: AbortSignal
  readonly fix?: boolean
  readonly rules?: readonly string[]
  /** Reports of golangci-lint, gosec or SARIF. */
  readonly imports?: readonly string[]
  readonly workers?: number
  readonly progress?: ProgressSink
}
