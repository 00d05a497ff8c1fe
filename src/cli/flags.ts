/**
 * Flags: how their text becomes values, and the groups of flags that commands share.
 * Every flag that takes a value can also be set by SIGHTLINE_<NAME> (flags win). A flag that is not understood is a
 * usage error; an environment variable that is not understood is a configuration error.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration, parseSize } from '../base/units.ts'
import { type Severity, severities } from '../model/contract.ts'
import { lenses } from '../model/lens.ts'
import { readBudget, readServicePath } from './ledger-flags.ts'
import { logFormats, logLevels } from './logger.ts'
import { readSmallText } from './read-small-file.ts'

type Parse<T> = (text: string, previous: T | undefined) => T

/** An option whose value may also come from the environment: `--max-bytes` from SIGHTLINE_MAX_BYTES. */
export function valueFlag<T>(flags: string, description: string, parse?: Parse<T>): Option {
  const option = new Option(flags, description)
  if (parse !== undefined) option.argParser(parse)
  return option.env(`SIGHTLINE_${option.name().replaceAll('-', '_').toUpperCase()}`)
}

/** An empty argument is a variable that nobody set: taken for a path it would be the working directory. */
export function readInput(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty: is a variable not set?')
  return text
}

/** The same for an argument that may be given several times. */
export function readInputs(text: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), readInput(text)]
}

export function readDuration(text: string): number {
  const ns = parseDuration(text)
  if (ns === undefined) throw new InvalidArgumentError('Give a duration like 250ms, 5s, 2m or 1h.')
  return ns
}

/** A duration that is longer than nothing. */
export function readPositiveDuration(text: string): number {
  const ns = readDuration(text)
  if (ns <= 0) throw new InvalidArgumentError('Give a duration longer than 0.')
  return ns
}

export function readSize(text: string): number {
  const bytes = parseSize(text)
  if (bytes === undefined || bytes <= 0) throw new InvalidArgumentError('Give a size like 64MiB, 10MB or 4096.')
  return bytes
}

export function readCount(least: number, most = 1_000_000_000): Parse<number> {
  return (text) => {
    const count = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < least || count > most) {
      throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`)
    }
    return count
  }
}

export function readSeverity(text: string): Severity {
  const severity = severities.find((one) => one === text)
  if (severity === undefined) throw new InvalidArgumentError(`Give one of: ${severities.join(', ')}.`)
  return severity
}

export function readLens(text: string, previous: readonly string[] | undefined): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !(lenses as readonly string[]).includes(name))
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`There is no lens '${unknown}'. The lenses are: ${lenses.join(', ')}.`)
  }
  return [...(previous ?? []), ...names]
}

/** Flags that may be given several times; in a configuration file they take a list. */
export function isRepeatable({ parseArg }: Option): boolean {
  return ([readInputs, readLens, readHeader, readBudget, readServicePath] as readonly unknown[]).includes(parseArg)
}

export type Header = { readonly name: string; readonly value: string }

export function readHeader(text: string, previous: readonly Header[] | undefined): readonly Header[] {
  const at = text.indexOf(':')
  const name = text.slice(0, at).trim()
  const value = text.slice(at + 1).trim()
  if (at < 1 || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || /[\r\n\0]/.test(value)) {
    throw new InvalidArgumentError("Give a header as 'Name: value'.")
  }
  return [...(previous ?? []), { name, value }]
}

/** `@FILE` reads the file, so that a secret need not stand in the process list. */
export function readSecret(text: string): string {
  if (!text.startsWith('@')) return text
  const secret = readSmallText(text.slice(1))
  if (!secret.ok) throw new InvalidArgumentError(`Cannot read ${text.slice(1)}: ${secret.error.why}`)
  return secret.value.replace(/\r?\n$/, '')
}

/** The common flags of every command; they may stand before or after the command's name. */
export function addCommonFlags(program: Command): Command {
  return program
    .option('--json', 'one JSON document on stdout')
    .option('-q, --quiet', 'print nothing for people; the exit code still says it')
    .option('--no-color', 'no colour (also NO_COLOR; FORCE_COLOR for the opposite)')
    .option('--progress', 'progress on stderr even where it is no terminal')
    .addOption(valueFlag('-c, --config <file>', 'settings, in the place of ./sightline.yaml'))
    .addOption(
      valueFlag(
        '--timeout <duration>',
        'how long an answer may take beyond its window; a target gets its windows and three of these',
        readPositiveDuration,
      ),
    )
    .addOption(valueFlag('--log-level <level>', 'error, warn, info or debug').choices(logLevels))
    .addOption(valueFlag('--log-format <format>', 'logfmt or json, on stderr').choices(logFormats))
}

/** The flags of commands that judge. */
export function addJudgeFlags(command: Command): Command {
  return command
    .addOption(valueFlag('--fail-on <severity>', 'exit 1 on a finding this severe or worse', readSeverity))
    .option('--html <file>', 'write a self-contained HTML report')
    .option('--markdown', 'print Markdown instead, for a pull request or an issue')
    .addOption(valueFlag('--service <name>', 'the name of the service, where it does not say it itself'))
    .addOption(
      valueFlag(
        '--max-failures <count>',
        'how many of several targets may fail before the exit code is 3',
        readCount(0),
      ),
    )
}
