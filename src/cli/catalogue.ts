/** `sightline errors list` and `errors explain CODE`: the error catalogue, as it stands in docs/errors.md. */
import type { Command } from 'commander'
import { type ErrorCode, errorCatalogue, fault } from '../base/errors.ts'
import { emptyCoverage } from '../model/contract.ts'
import { renderErrorRow, renderErrorTable } from '../render/terminal-lists.ts'
import { printOutcome } from './print-envelope.ts'
import type { Runner } from './program.ts'
import { suggestName } from './suggest.ts'

const codes = Object.keys(errorCatalogue).sort() as ErrorCode[]

export function registerErrors(program: Command, run: Runner): void {
  const errors = program.command('errors').description('the error catalogue: every code, what it means, what to do')
  errors
    .command('list')
    .description('every code with its exit code')
    .action((_options, command: Command) =>
      run(command.optsWithGlobals(), (context) => {
        const rows = codes.map((code) => ({ code, ...errorCatalogue[code] }))
        const data = { errors: rows }
        return printOutcome(context, {
          schema: 'sightline.errors/v1',
          report: { data, findings: [], issues: [], coverage: emptyCoverage, exitCode: 0 },
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
        if (code === undefined) {
          const near = suggestName(asked.toUpperCase(), codes)
          const error = fault('SL_CLI_USAGE', {
            message: `There is no error code ${asked}`,
            hint: near === undefined ? 'sightline errors list prints all of them.' : `Did you mean ${near}?`,
          })
          return printOutcome(context, {
            schema: 'sightline.errors/v1',
            report: { data: {}, findings: [], issues: [], coverage: emptyCoverage, exitCode: 64, error },
            text: () => '',
          })
        }
        const row = { code, ...errorCatalogue[code] }
        return printOutcome(context, {
          schema: 'sightline.errors/v1',
          report: { data: row, findings: [], issues: [], coverage: emptyCoverage, exitCode: 0 },
          text: (options) => renderErrorRow(row, options),
        })
      }),
    )
}
