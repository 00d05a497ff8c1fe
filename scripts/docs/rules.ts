/**
 * Makes docs/rules.md from the registry of rules and the verdict table's order.
 * `node scripts/docs/rules.ts` writes the file; a test holds the committed file against what this gives.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listRuleInfo } from '../../src/analyze/rules/registry.ts'
import { listTraceRuleInfo } from '../../src/analyze/trace-rules/registry.ts'
import { slowCalls } from '../../src/analyze/verdict/slow-calls.ts'
import type { RuleInfo } from '../../src/model/diagnosis.ts'

export const RULES_DOC = join(import.meta.dirname, '..', '..', 'docs', 'rules.md')

const INTRO = `# Rules

Generated from the registries of rules by \`npm run docs\`; do not edit. A rule is a file in \`src/analyze/rules\` or, where it reads
execution traces, in \`src/analyze/trace-rules\`; each has a
test with a case that fires, a near miss, and a case without the data that it needs.

## How a group gets its verdict

The verdict table (\`src/analyze/verdict/judge.ts\`) is asked in order, and the first rule that answers wins: proof of the
runtime's leak detector; the runtime's own goroutines and the capture's; waits that Go defines to last forever; the table
of idle patterns; running and runnable; locks (who moves, who may hold them, cycles); waits for children; calls to pools
and servers; waits for the world outside; and last what a dump alone cannot settle.

- *Stands still* means: the same goroutine id in the same wait, with the same arguments at its leaf, in all dumps of the
  window. It may have moved and come back in between. The minutes that dumps print are never used.
- With one dump nothing about standing still is above \`possible\`.
- A dump cannot tell a leaked receiver from a worker whose queue is empty. Where the leak profile ran and did not flag a
  receiver, it is called \`idle\`, \`possible\`; where it did not run, \`stuck\`, \`possible\`, unless its stack has the form of
  a service loop, its siblings move, the block profile has waits at its place that ended, or it is among the first
  goroutines of an old process.
- Who holds a lock is never written in a dump. It is inferred from argument words: a goroutine in a method of the same
  object, or with the lock itself as first argument.
`

const TRACE_INTRO = `## The rules over execution traces

They speak in \`sightline timeline\`, and in \`sightline diagnose\` where a capture holds a trace and no rule above has said
the same of the same function. A rule is a file in \`src/analyze/trace-rules\`, a pure function of the trace's account.

- Waits that the idle table knows are in none of them, nor are requests for profiles, dumps and traces.
- What fits a healthy program as well is at most \`possible\`: a single long stop or delay may be the machine's, a wait
  outside of a request may be by design.
- Where part of the trace is missing, every finding is one step less sure.
`

function describeRule(rule: RuleInfo): string {
  return [
    `### ${rule.id}`,
    '',
    `${rule.title}.`,
    '',
    `- Says so when: ${rule.saysWhen}.`,
    `- Needs: ${rule.needs}.`,
    `- Severity: ${rule.severity}.`,
    `- What to do: ${rule.fix}`,
    '',
  ].join('\n')
}

/** The whole page. */
export function makeRulesDoc(): string {
  const calls = slowCalls.map(({ what, kind, source }) => `| ${what} | ${kind} | ${source} |`)
  return [
    INTRO,
    '## The rules\n',
    ...listRuleInfo().map(describeRule),
    TRACE_INTRO,
    ...listTraceRuleInfo().map(describeRule),
    '## Calls that ask for something and wait\n',
    'Goroutines in these calls are `slow`, not idle, though they stand in `select` as workers do.\n',
    '| waits for | kind | read in |\n|---|---|---|',
    `${calls.join('\n')}\n`,
  ].join('\n')
}

if (import.meta.main) writeFileSync(RULES_DOC, makeRulesDoc())
