/** `sightline ledger add|list|show|waive|unwaive|trend|resolve`: the debt ledger of the repository. */
import type { Command } from 'commander'
import type { ExitCode } from '../../base/errors.ts'
import type { SchemaName } from '../../model/contract.ts'
import type { Report } from '../../model/report.ts'
import type { DebtRow, LedgerAddData, LedgerData } from '../../model/trust/ledger.ts'
import { addReports, listLedger, resolveLedger, showEntry, unwaiveEntry, waiveEntry } from '../../ops/ledger/ledger.ts'
import { renderHtmlLedger } from '../../render/ledger/html-ledger.ts'
import { renderAdded, renderEntry, renderLedger, renderTrend } from '../../render/ledger/terminal-ledger.ts'
import type { CommandContext, Runner } from '../context.ts'
import { readInput, readInputs, valueFlag } from '../flags.ts'
import { placeFile, placeLedger, readDay, readReason, readServicePath, readTime, tellTime } from '../ledger-flags.ts'
import { type Outcome, printOutcome } from '../print-envelope.ts'

const SCHEMA: SchemaName = 'sightline.ledger/v1'
const states = ['owed', 'open', 'back', 'paid', 'all'] as const

type Flags = {
  readonly ledger?: string
  readonly at?: string
  readonly servicePath?: readonly string[]
  readonly service?: string
  readonly owner?: string
  readonly state?: (typeof states)[number]
  readonly html?: string
  readonly who: string
  readonly why: string
  readonly until: string
}

type Drawn = Pick<Outcome<unknown>, 'text'>['text']

export function registerLedger(program: Command, run: Runner): void {
  const ledger = program
    .command('ledger')
    .description('the debt ledger: every finding with its age, owner, waiver and state')
    .addOption(valueFlag('--ledger <file>', 'the ledger (default .sightline/ledger.json)', readInput))
    .option('--at <time>', 'of what time a report is that does not say it, and of which ages are told', readTime)
    .addOption(
      valueFlag('--service-path <service=folder>', 'where a service lives, for its owner; repeatable', readServicePath),
    )
  const act = (
    name: string,
    description: string,
    action: (context: CommandContext, flags: Flags, names: readonly string[]) => Promise<ExitCode>,
  ) =>
    ledger
      .command(name)
      .description(description)
      .action((...args: readonly unknown[]) => {
        const self = args.at(-1) as Command
        return run(self.optsWithGlobals(), (context) =>
          action(context, self.optsWithGlobals<Flags>(), self.processedArgs.flat() as string[]),
        )
      })
  act('add', 'adds reports (--json of any command)', add)
    .argument('<report...>', 'reports; - is stdin', readInputs)
    .addOption(valueFlag('--service <name>', 'the service, where a report does not say it'))
  const list = act('list', 'what is owed, worst first', listEntries)
    .addOption(valueFlag('--service <name>', 'of this service only'))
    .addOption(valueFlag('--owner <owner>', 'of this owner only: @org/team'))
    .option('--html <file>', 'write a self-contained HTML report with the burndown')
  list.addOption(valueFlag('--state <state>', 'owed (open and back), open, back, paid or all').choices(states))
  act('show', 'one entry in full', (context, flags, [fingerprint = '']) =>
    print(context, showEntry(entryInput(context, flags, fingerprint)), drawEntry),
  ).argument('<fingerprint>', 'or its first digits, four at least', readInput)
  act('waive', 'puts up with a finding until a day', waive)
    .argument('<fingerprint>', 'or its first digits, four at least', readInput)
    .requiredOption('--who <name>', 'who answers for it', readReason)
    .requiredOption('--why <reason>', 'why it may stay', readReason)
    .requiredOption('--until <day>', 'the last day on which it may', readDay)
  act('unwaive', 'takes a waiver back', (context, flags, [fingerprint = '']) => {
    const input = entryInput(context, flags, fingerprint)
    return print(context, unwaiveEntry({ ...input, at: input.asOf }), drawEntry)
  }).argument('<fingerprint>', 'or its first digits, four at least', readInput)
  act('trend', 'how much was owed over time', (context, flags) =>
    print(context, listLedger(listInput(context, flags, 'all')), drawTrend),
  ).addOption(valueFlag('--service <name>', 'of this service only'))
  act('resolve', 'keeps both sides of a merge that git could not make', (context, flags) =>
    print(context, resolveLedger(listInput(context, flags, 'owed')), drawLedger),
  )
}

function add(context: CommandContext, flags: Flags, names: readonly string[]): Promise<ExitCode> {
  const { at, service } = flags
  const report = addReports({
    ledger: placeLedger(context, flags.ledger),
    reports: names.map((name) => placeFile(context, name)),
    folder: context.io.cwd,
    servicePaths: new Map(flags.servicePath?.map((text) => splitPath(text))),
    asOf: tellTime(context, at),
    now: tellTime(context, 'now'),
    ...(at === undefined ? {} : { at: tellTime(context, at) }),
    ...(service === undefined ? {} : { service }),
  })
  return print(
    context,
    report,
    (data, { issues }) =>
      (how) =>
        renderAdded(data, issues, how),
  )
}

async function listEntries(context: CommandContext, flags: Flags): Promise<ExitCode> {
  const report = listLedger(listInput(context, flags, flags.html === undefined ? 'owed' : 'all'))
  const { html } = flags
  return print(context, report, drawLedger, (data) =>
    html === undefined
      ? {}
      : { html: { path: html, render: () => renderHtmlLedger(data, { version: context.deps.version }) } },
  )
}

function waive(context: CommandContext, flags: Flags, [fingerprint = '']: readonly string[]): Promise<ExitCode> {
  const input = entryInput(context, flags, fingerprint)
  const { who, why, until } = flags
  return print(context, waiveEntry({ ...input, waiver: { at: input.asOf, who, why, until } }), drawEntry)
}

function entryInput(context: CommandContext, flags: Flags, fingerprint: string) {
  return { ledger: placeLedger(context, flags.ledger), fingerprint, asOf: tellTime(context, flags.at) }
}

function listInput(context: CommandContext, flags: Flags, otherwise: (typeof states)[number]) {
  const state = flags.state ?? otherwise
  return {
    ledger: placeLedger(context, flags.ledger),
    asOf: tellTime(context, flags.at),
    ...(flags.service === undefined ? {} : { service: flags.service }),
    ...(flags.owner === undefined ? {} : { owner: flags.owner }),
    ...(state === 'all' ? {} : { states: state === 'owed' ? ['open', 'back'] : [state] }),
  }
}

function drawEntry(row: DebtRow): Drawn {
  return (how) => renderEntry(row, how)
}

function drawLedger(data: LedgerData): Drawn {
  return (how) => renderLedger(data, how)
}

function drawTrend(data: LedgerData): Drawn {
  return (how) => renderTrend(data.trend, how)
}

/** A report without its data is one that failed: then the error alone is printed. */
async function print<T extends DebtRow | LedgerData | LedgerAddData>(
  context: CommandContext,
  pending: Promise<Report<T | Record<string, never>>>,
  draw: (data: T, report: Report<unknown>) => Drawn,
  more: (data: T) => Pick<Outcome<T>, 'html'> = () => ({}),
): Promise<ExitCode> {
  const report = await pending
  if (report.error !== undefined) return printOutcome(context, { schema: SCHEMA, report, text: () => '' })
  const data = report.data as T
  return printOutcome(context, { schema: SCHEMA, report, text: draw(data, report), ...more(data) })
}

function splitPath(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  return [text.slice(0, at), text.slice(at + 1)]
}
