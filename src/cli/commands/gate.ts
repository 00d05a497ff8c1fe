/** `sightline gate FILE...`: reports and ledgers against budgets and a baseline; terminal, JSON, JUnit, SARIF, Markdown. */
import type { Command } from 'commander'
import { type ExitCode, fault } from '../../base/errors.ts'
import { ok, type Result } from '../../base/result.ts'
import type { Confidence, SchemaName } from '../../model/contract.ts'
import type { Issue } from '../../model/issue.ts'
import type { Budget, GateData } from '../../model/trust/gate.ts'
import { defaultGateBudgets, parseGateBudgets, runGate } from '../../ops/ledger/gate.ts'
import { renderJunit } from '../../render/exchange/junit.ts'
import { MAX_SARIF_RESULTS } from '../../render/exchange/sarif.ts'
import { renderGateSarif } from '../../render/exchange/sarif-gate.ts'
import { renderGateMarkdown } from '../../render/ledger/markdown-gate.ts'
import { renderGate } from '../../render/ledger/terminal-gate.ts'
import { type Policy, readPolicy } from '../config/read-policy.ts'
import type { CommandContext, Runner } from '../context.ts'
import { readInput, readInputs, valueFlag } from '../flags.ts'
import { placeFile, placeLedger, readBudget, readConfidence, readTime, tellTime } from '../ledger-flags.ts'
import { failedOutcome, printOutcome } from '../print-envelope.ts'
import { writeFileWhole } from '../save.ts'

const SCHEMA: SchemaName = 'sightline.gate/v1'

type GateFlags = {
  readonly budget?: readonly string[]
  readonly policy?: string
  readonly baseline?: string
  readonly ledger?: string
  readonly minConfidence?: Confidence
  readonly at?: string
  readonly junit?: string
  readonly sarif?: string
  readonly markdown?: boolean
}

export function registerGate(program: Command, run: Runner): void {
  program
    .command('gate')
    .description('passes or fails reports and ledgers by budgets and a baseline; no data is never a pass')
    .argument('<file...>', 'reports (--json of any command) or ledgers; - is stdin', readInputs)
    .addOption(
      valueFlag(
        '--budget <budgets>',
        'what may be at most: high=0,medium=5,class:no-extract=0,service:cart:high=1,debt=1000; a severity counts worse ones too; repeatable (default high=0, with a baseline none)',
        readBudget,
      ),
    )
    .addOption(valueFlag('--policy <file>', 'budgets, baseline and minConfidence from a YAML file', readInput))
    .addOption(
      valueFlag('--baseline <file>', 'a ledger or report: nothing new, nothing back, nothing grown', readInput),
    )
    .addOption(valueFlag('--ledger <file>', 'whose waivers hold (default .sightline/ledger.json)', readInput))
    .addOption(valueFlag('--min-confidence <confidence>', 'count findings from this one on', readConfidence))
    .option('--at <time>', 'of which waivers are judged (default now)', readTime)
    .option('--junit <file>', 'write JUnit XML')
    .option('--sarif <file>', 'write SARIF 2.1.0')
    .option('--markdown', 'print Markdown instead, for a pull request')
    .action((names: readonly string[], _flags, self: Command) =>
      run(self.optsWithGlobals(), (context) => gate(context, names, self.opts<GateFlags>())),
    )
}

async function gate(context: CommandContext, names: readonly string[], flags: GateFlags): Promise<ExitCode> {
  const policy: Result<Policy> =
    flags.policy === undefined ? ok({ budgets: [] }) : readPolicy(context.io.cwd, flags.policy)
  if (!policy.ok) return printOutcome(context, failedOutcome(SCHEMA, policy.error))
  const baseline = flags.baseline ?? policy.value.baseline
  if (names.filter((name) => name === '-').length + (baseline === '-' ? 1 : 0) > 1) {
    const message = 'stdin (-) can be read once'
    return printOutcome(context, failedOutcome(SCHEMA, fault('SL_CLI_USAGE', { message })))
  }
  const budgets = chooseBudgets(policy.value, flags.budget, baseline !== undefined)
  if (!budgets.ok) return printOutcome(context, failedOutcome(SCHEMA, budgets.error))
  const minConfidence = flags.minConfidence ?? policy.value.minConfidence
  const report = await runGate({
    files: names.map((name) => placeFile(context, name)),
    budgets: budgets.value,
    ...(baseline === undefined ? {} : { baseline: placeFile(context, baseline) }),
    waivers: { ...placeLedger(context, flags.ledger), isAsked: flags.ledger !== undefined },
    asOf: tellTime(context, flags.at),
    ...(minConfidence === undefined ? {} : { minConfidence }),
  })
  const { data } = report
  const issues = flags.sarif === undefined ? report.issues : [...report.issues, ...sayTooMany(data)]
  const files: readonly (readonly [string | undefined, () => string])[] = [
    [flags.junit, () => renderJunit(data)],
    [flags.sarif, () => renderGateSarif(data, context.deps.version)],
  ]
  let error = report.error
  for (const [path, render] of files) {
    if (path !== undefined) error ??= await writeFileWhole(context.io.cwd, path, render())
  }
  return printOutcome(context, {
    schema: SCHEMA,
    report: { ...report, issues, ...(error === undefined ? {} : { error }) },
    text: (how) => renderGate(data, how),
    ...(flags.markdown === true ? { markdown: () => renderGateMarkdown(data) } : {}),
  })
}

function sayTooMany({ findings, findingsOmitted, waived }: GateData): readonly Issue[] {
  const held = waived.filter(({ waiver }) => waiver?.expired === false)
  const count = findingsOmitted + Math.max(0, findings.length + held.length - MAX_SARIF_RESULTS)
  const message = 'findings beyond the 25,000 that code scanning takes were left out of the SARIF file'
  return count > 0 ? [{ code: 'SL_OPS_SARIF_LIMIT', message, severity: 'warning', count }] : []
}

/** Those of flags win over those of the policy of the same key. Without any: the default, unless a baseline judges. */
function chooseBudgets(
  policy: Policy,
  given: readonly string[] | undefined,
  hasBaseline: boolean,
): Result<readonly Budget[]> {
  const texts = [...policy.budgets, ...(given ?? [])]
  return parseGateBudgets(texts.length > 0 || hasBaseline ? texts : defaultGateBudgets)
}
