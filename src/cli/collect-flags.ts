/**
 * The flags that say how a live target is asked, and their values as the use case's options.
 * Secrets may come from the environment (SIGHTLINE_BEARER, SIGHTLINE_USER, SIGHTLINE_PASSWORD) or a file (@FILE), so
 * that they need not stand in the process list.
 */
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Lens } from '../model/lens.ts'
import type { CaptureOptions } from '../ops/capture.ts'
import type { CommandContext } from './context.ts'
import { type Header, readCount, readHeader, readPositiveDuration, readSecret, readSize, valueFlag } from './flags.ts'
import { MAX_PEM_BYTES, readSmallText } from './read-small-file.ts'

export type CollectFlags = {
  readonly quick?: boolean
  readonly deep?: boolean
  readonly window?: number
  readonly traceSeconds?: number
  readonly maxGoroutines?: number
  readonly maxBytes?: number
  readonly maxTotalBytes?: number
  readonly concurrency?: number
  readonly header?: readonly Header[]
  readonly bearer?: string
  readonly user?: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly serverName?: string
  readonly insecure?: boolean
  readonly service?: string
}

export function addCollectFlags(command: Command): Command {
  return command
    .addOption(new Option('--quick', 'two dumps, one second, no trace').conflicts('deep'))
    .addOption(new Option('--deep', 'thirty seconds, five dumps'))
    .addOption(valueFlag('--window <duration>', 'how long to look, in whole seconds', readPositiveDuration))
    .addOption(valueFlag('--trace-seconds <seconds>', 'execution trace, 0 for none', readCount(0, 600)))
    .addOption(valueFlag('--max-goroutines <count>', 'above it no dumps that stop the service', readCount(1)))
    .addOption(valueFlag('--max-bytes <size>', 'of one answer', readSize))
    .addOption(valueFlag('--max-total-bytes <size>', 'of all answers of one target', readSize))
    .addOption(valueFlag('--concurrency <count>', 'targets at a time', readCount(1, 256)))
    .addOption(valueFlag('-H, --header <name:value>', 'sent with every request; repeatable', readHeader))
    .addOption(valueFlag('--bearer <token>', 'bearer token, or @FILE', readSecret))
    .addOption(
      valueFlag('--user <name[:password]>', 'basic auth, or @FILE; password also from SIGHTLINE_PASSWORD', readSecret),
    )
    .addOption(valueFlag('--ca <file>', 'PEM of the authorities to trust'))
    .addOption(valueFlag('--cert <file>', 'PEM of the client certificate'))
    .addOption(valueFlag('--key <file>', "PEM of the client certificate's key"))
    .addOption(valueFlag('--server-name <name>', 'the name that its certificate must have'))
    .addOption(new Option('--insecure', 'do not check its certificate'))
}

export function readCollectFlags(
  flags: CollectFlags,
  { io, settings }: CommandContext,
  without: readonly Lens[] = [],
): Result<CaptureOptions> {
  const pems: { ca?: string; cert?: string; key?: string } = {}
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = flags[name]
    if (path === undefined) continue
    const pem = readSmallText(resolve(io.cwd, path), MAX_PEM_BYTES)
    if (!pem.ok) {
      const message = `--${name}: cannot read ${path}: ${pem.error.why}`
      return err(fault('SL_CLI_BAD_CONFIG', { message, target: path }))
    }
    pems[name] = pem.value
  }
  const colon = flags.user?.indexOf(':') ?? -1
  const user = colon === -1 ? flags.user : flags.user?.slice(0, colon)
  const password = colon === -1 ? (io.env.SIGHTLINE_PASSWORD ?? '') : (flags.user?.slice(colon + 1) ?? '')
  const headers = Object.fromEntries((flags.header ?? []).map(({ name, value }) => [name, value]))
  return ok({
    fetch: {
      headers,
      ...(flags.bearer === undefined ? {} : { bearer: flags.bearer }),
      ...(user === undefined ? {} : { basic: { user, password } }),
      tls: {
        ...pems,
        ...(flags.serverName === undefined ? {} : { serverName: flags.serverName }),
        ...(flags.insecure === true ? { insecure: true } : {}),
      },
    },
    plan: {
      mode: flags.quick === true ? 'quick' : flags.deep === true ? 'deep' : 'default',
      ...(flags.window === undefined ? {} : { windowSeconds: flags.window / 1e9 }),
      ...(flags.traceSeconds === undefined ? {} : { traceSeconds: flags.traceSeconds }),
      without,
      limits: {
        ...(flags.maxGoroutines === undefined ? {} : { maxGoroutines: flags.maxGoroutines }),
        ...(flags.maxBytes === undefined ? {} : { maxBytes: flags.maxBytes }),
        ...(flags.maxTotalBytes === undefined ? {} : { maxTotalBytes: flags.maxTotalBytes }),
        ...(settings.timeoutNs === undefined ? {} : { timeoutMs: settings.timeoutNs / 1e6 }),
      },
    },
    ...(flags.service === undefined ? {} : { service: flags.service }),
    ...(flags.concurrency === undefined ? {} : { concurrency: flags.concurrency }),
  })
}
