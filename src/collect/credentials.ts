/**
 * Credentials from where they are kept: PEM files for TLS, secrets as `@file` so that they stay out of the shell history.
 * Leaves texts in memory only; a fault names the file, never what stands in it.
 */
import { readFile } from 'node:fs/promises'
import { fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { TlsOptions } from './fetcher.ts'

export type TlsFiles = {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly serverName?: string
  readonly insecure?: boolean
}

/** Codes: SL_COLLECT_CREDENTIALS. Whether the texts are good PEM is found out by openFetcher. */
export async function readTlsFiles(files: TlsFiles): Promise<Result<TlsOptions>> {
  const texts: { ca?: string; cert?: string; key?: string } = {}
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = files[name]
    if (path === undefined) continue
    const text = await readText(path)
    if (!text.ok) return text
    texts[name] = text.value
  }
  return ok({
    ...texts,
    ...(files.serverName === undefined ? {} : { serverName: files.serverName }),
    ...(files.insecure === undefined ? {} : { insecure: files.insecure }),
  })
}

/** A secret as it was given, or the content of the file behind `@`, without the line end. */
export async function readSecret(given: string): Promise<Result<string>> {
  if (!given.startsWith('@')) return ok(given)
  const text = await readText(given.slice(1))
  return text.ok ? ok(text.value.replace(/\r?\n$/, '')) : text
}

async function readText(path: string): Promise<Result<string>> {
  try {
    return ok(await readFile(path, 'utf8'))
  } catch (error) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const message = 'A certificate, key, CA or secret file cannot be read'
    return err(fault('SL_COLLECT_CREDENTIALS', { message, target: path, detail: { cause } }))
  }
}
