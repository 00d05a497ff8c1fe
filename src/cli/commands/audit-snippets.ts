/** `sightline audit snippets FILE`: the Go of a document → ops/audit/snippets → terminal, JSON. */
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { type ExitCode, fault } from '../../base/errors.ts'
import type { SchemaName, Severity } from '../../model/contract.ts'
import { auditSnippets } from '../../ops/audit/snippets.ts'
import { renderSnippets } from '../../render/terminal-snippets.ts'
import type { CommandContext, Runner } from '../context.ts'
import { readInput, readSeverity, valueFlag } from '../flags.ts'
import { failedOutcome, printOutcome } from '../print-envelope.ts'

const SCHEMA: SchemaName = 'sightline.audit-snippets/v1'

type SnippetFlags = { readonly tier?: 'a' | 'b'; readonly failOn?: Severity }

/** Flags of `audit DIR` that commander takes here too. */
const ofDirectories = ['rule', 'import', 'spans', 'capture', 'trace', 'service', 'settle', 'sarif', 'fix']

export function registerAuditSnippets(audit: Command, run: Runner): void {
  audit
    .command('snippets')
    .description('the Go blocks of a document: do they parse, do its programs compile, what do the rules say')
    .argument('<file>', 'Markdown or plain text', readInput)
    .addOption(
      valueFlag('--tier <a|b>', 'a: by syntax; b: with your Go toolchain (default: b where it works)', readTier),
    )
    .addOption(valueFlag('--fail-on <severity>', 'exit 1 on a finding this severe or worse', readSeverity))
    .action((file: string, _flags, self: Command) =>
      run(self.optsWithGlobals(), (context) => {
        const stray = ofDirectories.find((name) => self.getOptionValueSourceWithGlobals(name) === 'cli')
        if (stray === undefined) return snippets(context, file, self.optsWithGlobals<SnippetFlags>())
        const message = `--${stray} is of audit DIR: a document is read as it stands`
        return printOutcome(context, failedOutcome(SCHEMA, fault('SL_CLI_USAGE', { message })))
      }),
    )
}

async function snippets(context: CommandContext, file: string, flags: SnippetFlags): Promise<ExitCode> {
  const { deps, io, progress, signal } = context
  const report = await auditSnippets(deps, {
    root: resolve(io.cwd, file),
    name: file,
    progress,
    signal,
    ...(flags.tier === undefined ? {} : { tier: flags.tier }),
  })
  if (!report.ok) return printOutcome(context, failedOutcome(SCHEMA, report.error))
  return printOutcome(context, {
    schema: SCHEMA,
    report: report.value,
    ...(flags.failOn === undefined ? {} : { policy: { failOn: flags.failOn } }),
    text: (options) => renderSnippets(report.value, options),
  })
}

export function readTier(text: string): 'a' | 'b' {
  if (text === 'a' || text === 'b') return text
  throw new InvalidArgumentError(`The tier is 'a' or 'b', not '${text}'.`)
}
