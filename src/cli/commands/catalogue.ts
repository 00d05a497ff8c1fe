/**
 * The commands that print what Sightline knows: `lenses`, `errors list|explain`, `rules list|explain`.
 * Each answers from a table; the tables are those that judge, so that what is printed is what is done.
 */
import type { Command } from 'commander'
import { type ErrorCode, type ExitCode, errorCatalogue, fault } from '../../base/errors.ts'
import { emptyCoverage } from '../../model/contract.ts'
import type { Report } from '../../model/report.ts'
import { explainRule, listLenses, listRules } from '../../ops/catalogues.ts'
import {
  renderErrorRow,
  renderErrorTable,
  renderLensTable,
  renderRule,
  renderRuleTable,
} from '../../render/terminal-lists.ts'
import type { CommandContext, Runner } from '../context.ts'
import { failedOutcome, printOutcome } from '../print-envelope.ts'
import { suggestName } from '../suggest.ts'

const codes = Object.keys(errorCatalogue).sort() as ErrorCode[]

export function registerLenses(program: Command, run: Runner): void {
  program
    .command('lenses')
    .description('what each source of telemetry sees of a wait, what it cannot see, how to turn it on')
    .action((_options, command: Command) =>
      run(command.optsWithGlobals(), (context) => {
        const data = listLenses()
        return printOutcome(context, {
          schema: 'sightline.lenses/v1',
          report: reportOf(data),
          text: (options) => renderLensTable(data, options),
        })
      }),
    )
}

export function registerErrors(program: Command, run: Runner): void {
  const errors = program.command('errors').description('the error catalogue: every code, what it means, what to do')
  errors
    .command('list')
    .description('every code with its exit code')
    .action((_options, command: Command) =>
      run(command.optsWithGlobals(), (context) => {
        const rows = codes.map((code) => ({ code, ...errorCatalogue[code] }))
        return printOutcome(context, {
          schema: 'sightline.errors/v1',
          report: reportOf({ errors: rows }),
          text: (options) => renderErrorTable(rows, options),
        })
      }),
    )
  errors
    .command('explain')
    .description('one code in full')
    .argument('<code>', 'such as SL_COLLECT_TIMEOUT')
    .action((asked: string, _options, command: Command) =>
      run(command.optsWithGlobals(), (context) => {
        const code = codes.find((one) => one === asked.toUpperCase())
        if (code === undefined) return refuseName(context, 'errors', 'error code', asked, asked.toUpperCase(), codes)
        const row = { code, ...errorCatalogue[code] }
        return printOutcome(context, {
          schema: 'sightline.errors/v1',
          report: reportOf(row),
          text: (options) => renderErrorRow(row, options),
        })
      }),
    )
}

export function registerRules(program: Command, run: Runner): void {
  const rules = program.command('rules').description('the rules: what can be found, and when')
  rules
    .command('list')
    .description('every rule')
    .action((_options, command: Command) =>
      run(command.optsWithGlobals(), (context) => {
        const rows = listRules()
        return printOutcome(context, {
          schema: 'sightline.rules/v1',
          report: reportOf({ rules: rows }),
          text: (options) => renderRuleTable(rows, options),
        })
      }),
    )
  rules
    .command('explain')
    .description('one rule in full')
    .argument('<rule>', 'such as stuck-goroutines')
    .action((asked: string, _options, command: Command) =>
      run(command.optsWithGlobals(), (context) => {
        const row = explainRule(asked)
        const names = listRules().map(({ id }) => id)
        if (row === undefined) return refuseName(context, 'rules', 'rule', asked, asked.toLowerCase(), names)
        return printOutcome(context, {
          schema: 'sightline.rules/v1',
          report: reportOf(row),
          text: (options) => renderRule(row, options),
        })
      }),
    )
}

function reportOf<T>(data: T): Report<T> {
  return { data, findings: [], issues: [], coverage: emptyCoverage, exitCode: 0 }
}

function refuseName(
  context: CommandContext,
  command: string,
  what: string,
  asked: string,
  name: string,
  known: readonly string[],
): Promise<ExitCode> {
  const near = suggestName(name, known)
  const hint = near === undefined ? `sightline ${command} list prints all of them.` : `Did you mean ${near}?`
  const error = fault('SL_CLI_USAGE', { message: `There is no ${what} ${asked}`, hint })
  return printOutcome(context, failedOutcome(`sightline.${command}/v1`, error))
}
