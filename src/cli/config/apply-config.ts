/**
 * Settings of configuration files → the flags of the command that is about to run. A flag on the command line and its
 * environment variable win; then the nearest file; in one file, the command's section before the top level.
 * Every file is checked as a whole for names; values are read only for the command that runs.
 */
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, type Option } from 'commander'
import type { Fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { escapeControls } from '../../render/text.ts'
import { isRepeatable } from '../flags.ts'
import type { CliIo } from '../streams.ts'
import { suggestName } from '../suggest.ts'
import { type ConfigText, readConfigTexts } from './find-config.ts'
import { parseConfig, refuse, type Setting, type SettingValue } from './parse-config.ts'

/** What a file may not say: itself, and what to write where (a folder's sightline.yaml must not overwrite files). */
const perRun = ['config', 'output', 'html', 'junit', 'sarif', 'at', 'plan', 'version']
/** Of each of these, one at most. */
const rivals: Readonly<Record<string, string>> = { quick: 'deep', deep: 'quick' }
/** Flags that name a file to read. */
const pathKeys = ['ca', 'cert', 'key', 'policy', 'baseline', 'ledger']
/** Flags whose `@FILE` names a file to read; their values are not repeated in messages. */
const secretKeys = ['bearer', 'user']
const unrepeated = [...secretKeys, 'header']

type Slot = { readonly option: Option; readonly owner: Command }

/** Reads the files that apply and sets the flags of `command`. Leaves the names of the files that were read. */
export function applyConfig(command: Command, io: Pick<CliIo, 'cwd' | 'env'>): Result<readonly string[]> {
  const program = rootOf(command)
  const { config } = program.opts<{ config?: string }>()
  const files = readConfigTexts(io, config)
  if (!files.ok) return files
  const sections = program.commands.map((one) => one.name())
  const decided = new Set<string>()
  for (const file of files.value) {
    const settings = parseConfig(file, sections)
    if (!settings.ok) return settings
    for (const setting of settings.value) {
      const unknown = checkSetting(program, setting)
      if (unknown !== undefined) return err(unknown)
    }
    const failed = applyFile(command, file, settings.value, decided)
    if (failed !== undefined) return err(failed)
  }
  return ok(files.value.map(({ name }) => name))
}

function applyFile(
  command: Command,
  file: ConfigText,
  settings: readonly Setting[],
  decided: Set<string>,
): Fault | undefined {
  const slots = slotsOf(command)
  const section = sectionOf(command)
  for (const wanted of [section, undefined]) {
    const level = settings.filter((one) => one.section === wanted)
    const on = level.filter(({ value }) => value !== false).map(({ key }) => key)
    for (const { key, value, at } of level) {
      const slot = slots.get(key)
      if (slot === undefined || value === undefined || decided.has(key) || isGiven(slot)) continue
      const rival = rivals[key]
      if (rival !== undefined && value !== false) {
        if (on.includes(rival)) return refuse(at, `${key} and ${rival} exclude each other`)
        const other = slots.get(rival)
        if (other !== undefined && other.owner.getOptionValue(rival) === true) continue
      }
      const read = readSetting(slot.option, value, file)
      if (!read.ok) return refuse(at, `${key}: ${read.error}`)
      slot.owner.setOptionValueWithSource(key, read.value, 'config')
      decided.add(key)
    }
  }
  return undefined
}

function checkSetting(program: Command, { key, section, value, at }: Setting): Fault | undefined {
  const shown = escapeControls(key)
  const command = program.commands.find((one) => one.name() === section)
  const known = [...(command === undefined ? allKeys(program) : slotsOf(command).keys())]
  if (known.includes(key)) {
    return value === undefined ? refuse(at, `${key} needs a text, a number, true, false or a list`) : undefined
  }
  const camel = key.replace(/-+(\w)/g, (_, letter: string) => letter.toUpperCase())
  if (perRun.includes(camel)) {
    return refuse(at, `${shown} is no setting for a file`, `Give it on the command line, as --${toFlag(camel)}.`)
  }
  const names = section === undefined ? [...known, ...program.commands.map((one) => one.name())] : known
  const near = known.includes(camel) ? camel : suggestName(camel, names)
  const where = section === undefined ? 'no command' : section
  const asked = section === undefined ? '' : `${section} `
  const all = `Settings are named like the flags, in camelCase: sightline ${asked}--help lists them.`
  return refuse(
    at,
    `${where} has ${section === undefined ? 'a' : 'no'} setting ${shown}`,
    near === undefined ? all : `Did you mean ${near}?`,
  )
}

function readSetting(option: Option, value: SettingValue, { folder }: ConfigText): Result<unknown, string> {
  if (option.isBoolean() || option.negate) {
    return typeof value === 'boolean' ? ok(value) : err('Give true or false.')
  }
  if (typeof value === 'boolean') return err('Give a value, not true or false.')
  if (typeof value !== 'string' && !isRepeatable(option)) return err('Give one value, not a list.')
  const key = option.attributeName()
  let read: unknown
  for (const text of typeof value === 'string' ? [value] : value) {
    const placed = placeFile(key, text, folder)
    try {
      read = option.parseArg === undefined ? placed : option.parseArg(placed, read)
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error
      const shown = unrepeated.includes(key) ? '' : `'${escapeControls(text.slice(0, 80))}' cannot be used. `
      return err(shown + error.message)
    }
  }
  return ok(read)
}

/** A file that a configuration names stands beside the configuration, wherever the program is started. */
function placeFile(key: string, text: string, folder: string): string {
  if (pathKeys.includes(key)) return resolve(folder, text)
  return secretKeys.includes(key) && text.startsWith('@') ? `@${resolve(folder, text.slice(1))}` : text
}

function isGiven({ option, owner }: Slot): boolean {
  const source = owner.getOptionValueSource(option.attributeName())
  return source === 'cli' || source === 'env'
}

/** The flags that a run of this command has, its own and the common ones, by their name in a file. */
function slotsOf(command: Command): Map<string, Slot> {
  const slots = new Map<string, Slot>()
  for (let owner: Command | null = command; owner !== null; owner = owner.parent) {
    for (const option of owner.options) {
      const key = option.attributeName()
      if (!perRun.includes(key) && !slots.has(key)) slots.set(key, { option, owner })
    }
  }
  return slots
}

function allKeys(program: Command): Set<string> {
  return new Set([program, ...program.commands].flatMap((one) => [...slotsOf(one).keys()]))
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent)
}

/** `errors list` has its settings in the section `errors`. */
function sectionOf(command: Command): string {
  return command.parent === null || command.parent.parent === null ? command.name() : sectionOf(command.parent)
}

function toFlag(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
