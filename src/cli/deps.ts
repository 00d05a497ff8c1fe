/** What the command line is handed by main.ts: engines behind ports, so that `cli` never sees `collect`. */
import type { CaptureReader, CaptureWriter, Clock, Inflater, TraceOpener } from '../model/ports.ts'
import type { InputOpener } from '../model/trust/input-files.ts'
import type { AuditDeps } from '../ops/audit/audit-input.ts'
import type { DemoStarter } from '../ops/demo.ts'
import type { TraceThreads } from '../ops/trace-thread/read-stream.ts'

export type CliDeps = {
  readonly version: string
  readonly clock: Clock
  readonly inflater: Inflater
  readonly reader: CaptureReader
  readonly writer: CaptureWriter
  readonly traces: TraceOpener
  /** Files as streams, for what reads more than fits into memory. */
  readonly inputs: InputOpener
  /** Threads beside the first, for what pays for them. */
  readonly threads: TraceThreads
  /** Threads for reading source, and the files of the grammar. */
  readonly auditThreads: AuditDeps['auditThreads']
  readonly goGrammar: AuditDeps['goGrammar']
  /** Types of Go packages by the user's own toolchain. */
  readonly typeGo?: NonNullable<AuditDeps['typeGo']>
  /** True for what can only be meant as the address of a target. */
  readonly isAddress: (text: string) => boolean
  /** Builds and runs the demo's service, for `demo --live`. */
  readonly startDemo: DemoStarter
  /** The recorded capture of the demo's service. */
  readonly demoCapture: string
}
