/** `sightline audit DIR`: Go source → ops/audit → terminal with code frames, JSON, SARIF; --fix writes the safe fixes. */
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { type ExitCode, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { SchemaName, Severity } from '../../model/contract.ts'
import type { AuditInput } from '../../ops/audit/audit-input.ts'
import type { RunFiles } from '../../ops/audit/confirm.ts'
import { listAuditRules } from '../../ops/audit/list-rules.ts'
import { renderAudit } from '../../render/audit/terminal-audit.ts'
import { renderAuditSarif } from '../../render/exchange/sarif-audit.ts'
import type { CommandContext, Runner } from '../context.ts'
import { readCount, readDuration, readInput, readInputs, readSeverity, valueFlag } from '../flags.ts'
import { failedOutcome, printOutcome } from '../print-envelope.ts'
import { readTier, registerAuditSnippets } from './audit-snippets.ts'

const SCHEMA: SchemaName = 'sightline.audit/v1'
const MAX_WORKERS = 2

type AuditFlags = {
  readonly failOn?: Severity
  readonly sarif?: boolean
  readonly fix?: boolean
  readonly tier?: 'a' | 'b'
  readonly rule?: readonly string[]
  readonly import?: readonly string[]
  readonly spans?: readonly string[]
  readonly capture?: readonly string[]
  readonly trace?: readonly string[]
  readonly service?: string
  readonly settle?: number
  /** Flags of spans that were given on the command line. */
  readonly asked: readonly string[]
  readonly top?: number
  readonly notes?: boolean
  readonly workers?: number
}

export function registerAudit(program: Command, run: Runner): void {
  const command = program
    .command('audit')
    .description('where Go source breaks trace context, and the faults that go with it')
    .argument('<dir>', 'the directory of a Go module, or of some of its packages', readInput)
    .addOption(
      valueFlag(
        '--tier <a|b>',
        'a: by syntax; b: with types of your Go toolchain (default: b where it works)',
        readTier,
      ),
    )
    .addOption(valueFlag('--rule <name>', 'only this rule; repeatable', readRule))
    .addOption(
      valueFlag(
        '--import <file>',
        'report of golangci-lint or gosec (SARIF, JSON) as further evidence; repeatable',
        readInputs,
      ),
    )
    .addOption(
      valueFlag(
        '--spans <file>',
        'spans and logs of the running services: what they show is certain, what they do not is said; repeatable',
        readInputs,
      ),
    )
    .addOption(
      valueFlag('--capture <path>', 'a capture: its dumps, trace and spans, for the same; repeatable', readInputs),
    )
    .addOption(
      valueFlag('--trace <file>', 'an execution trace or goroutine dump, for the same; repeatable', readInputs),
    )
    .addOption(valueFlag('--service <name>', 'the service that runs this source, where spans do not tell'))
    .addOption(valueFlag('--settle <duration>', 'how long a span may still come; as of trust', readDuration))
    .addOption(valueFlag('--fail-on <severity>', 'exit 1 on a finding this severe or worse', readSeverity))
    .option('--sarif', 'print SARIF 2.1.0 instead, for code scanning')
    .option('--fix', 'write the fixes that are mechanical and safe into the files')
    .addOption(valueFlag('--top <count>', 'findings with a code frame at most (default: 20)', readCount(0, 100_000)))
    .option('--notes', 'list notes (severity info) as well; else they are counted by rule')
    .addOption(
      valueFlag('--workers <count>', 'threads that read, 1 or 2 (default: 2 where it pays)', readCount(1, MAX_WORKERS)),
    )
    .action((directory: string, _flags, self: Command) =>
      run(self.optsWithGlobals(), (context) => {
        // What the environment or a configuration says of other commands is no mistake here.
        const asked = ['service', 'settle'].filter((name) => self.getOptionValueSource(name) === 'cli')
        return audit(context, directory, { ...self.opts<AuditFlags>(), asked })
      }),
    )
  registerAuditSnippets(command, run)
}

async function audit(context: CommandContext, directory: string, flags: AuditFlags): Promise<ExitCode> {
  const { deps, io, progress } = context
  const files = await listRuns(context, flags)
  if (!files.ok) return printOutcome(context, failedOutcome(SCHEMA, files.error))
  const input: AuditInput = {
    root: resolve(io.cwd, directory),
    name: directory,
    progress,
    signal: context.signal,
    ...(flags.tier === undefined ? {} : { tier: flags.tier }),
    ...(flags.fix === true ? { fix: true } : {}),
    ...(flags.rule === undefined ? {} : { rules: flags.rule }),
    ...(flags.import === undefined ? {} : { imports: flags.import.map((file) => resolve(io.cwd, file)) }),
    ...(flags.workers === undefined ? {} : { workers: flags.workers }),
  }
  const report =
    files.value === undefined
      ? await (await import('../../ops/audit/audit.ts')).auditDirectory(deps, input)
      : await (await import('../../ops/audit/confirm.ts')).auditWithRuns(deps, input, files.value)
  if (!report.ok) return printOutcome(context, failedOutcome(SCHEMA, report.error))
  return printOutcome(context, {
    schema: SCHEMA,
    report: report.value,
    ...(flags.failOn === undefined ? {} : { policy: { failOn: flags.failOn } }),
    text: (options) =>
      flags.sarif === true
        ? renderAuditSarif(report.value.findings, { version: deps.version, rules: listAuditRules() })
        : renderAudit(report.value, {
            ...options,
            ...(flags.top === undefined ? {} : { top: flags.top }),
            ...(flags.notes === true ? { notes: true } : {}),
          }),
  })
}

/** Undefined where nothing that ran was given. */
async function listRuns(
  { deps, io }: CommandContext,
  { spans = [], capture = [], trace = [], service, settle, asked }: AuditFlags,
): Promise<Result<RunFiles | undefined>> {
  const paths = [...spans, ...capture, ...trace]
  if (paths.length === 0) {
    if (asked.length === 0) return ok(undefined)
    const message = `--${asked[0]} is of spans: give --spans, --capture or --trace as well`
    return err(fault('SL_CLI_USAGE', { message }))
  }
  if (paths.filter((path) => path === '-').length > 1 || [...capture, ...trace].includes('-')) {
    return err(fault('SL_CLI_USAGE', { message: 'stdin can be read once, by --spans' }))
  }
  const list = (some: readonly string[]) =>
    deps.inputs.listInputs(some.map((path) => (path === '-' ? path : resolve(io.cwd, path))))
  const signals = spans.length === 0 ? ok({ places: [] }) : await list(spans)
  if (!signals.ok) return signals
  const runtime = capture.length + trace.length === 0 ? ok({ places: [] }) : await list([...capture, ...trace])
  if (!runtime.ok) return runtime
  return ok({
    signals: signals.value.places,
    runtime: runtime.value.places,
    ...(service === undefined ? {} : { service }),
    ...(settle === undefined ? {} : { settleNs: settle }),
  })
}

function readRule(text: string, previous: readonly string[] | undefined): readonly string[] {
  if (!listAuditRules().some(({ id }) => id === text)) {
    throw new InvalidArgumentError(`There is no rule '${text}'. docs/audit.md lists them.`)
  }
  return [...(previous ?? []), text]
}
