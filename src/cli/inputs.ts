/**
 * What stands behind the arguments of `diagnose`: addresses become captures of live targets, folders and .slc files are
 * one target each, all loose files together are one. Order as given; a failure is a value of its target.
 */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type CaptureOptions, fetchTargets } from '../ops/capture.ts'
import type { TargetInput } from '../ops/diagnose.ts'
import type { CommandContext } from './context.ts'

export type InputTarget = TargetInput & { readonly isLive: boolean }

export async function openInputs(
  { deps, io, signal, progress, logger }: CommandContext,
  names: readonly string[],
  options: CaptureOptions,
): Promise<readonly InputTarget[]> {
  const kinds = await Promise.all(names.map((name) => classifyInput(deps.isAddress, io.cwd, name)))
  const addresses = names.filter((_, index) => kinds[index] === 'address')
  const loose = names.filter((_, index) => kinds[index] === 'loose')
  const collected =
    addresses.length === 0 ? [] : await fetchTargets({ ...deps, progress }, addresses, { ...options, signal })
  const targets: InputTarget[] = []
  let nextAddress = 0
  for (const [index, name] of names.entries()) {
    if (kinds[index] === 'address') {
      const target = collected[nextAddress]
      nextAddress += 1
      if (target !== undefined) targets.push({ name: target.name, capture: target.capture, isLive: true })
    } else if (kinds[index] === 'capture') {
      progress.step(`reading ${name}`)
      targets.push({ name, capture: await deps.reader.readCapture([resolve(io.cwd, name)]), isLive: false })
    } else if (name === loose[0] && !targets.some((target) => target.name === nameLoose(loose))) {
      progress.step(`reading ${nameLoose(loose)}`)
      const paths = loose.map((path) => (path === '-' ? path : resolve(io.cwd, path)))
      targets.push({ name: nameLoose(loose), capture: await deps.reader.readCapture(paths), isLive: false })
    }
  }
  for (const { name, capture, isLive } of targets) {
    if (capture.ok) logger.log('info', 'read', { name, live: isLive, files: capture.value.files.length })
    else logger.log('info', 'not read', { name, live: isLive, code: capture.error.code })
  }
  return targets
}

function nameLoose(names: readonly string[]): string {
  return names.length === 1 ? (names[0] as string) : `${names[0]} and ${names.length - 1} more`
}

async function classifyInput(
  isAddress: (text: string) => boolean,
  cwd: string,
  name: string,
): Promise<'address' | 'capture' | 'loose'> {
  if (name === '-') return 'loose'
  if (/^[a-z+]+:\/\//i.test(name)) return 'address'
  const found = await stat(resolve(cwd, name)).catch(() => undefined)
  if (found === undefined) return isAddress(name) ? 'address' : name.endsWith('.slc') ? 'capture' : 'loose'
  return found.isDirectory() || name.endsWith('.slc') ? 'capture' : 'loose'
}
