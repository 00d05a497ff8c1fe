/**
 * What the command line is handed by main.ts: engines behind ports, so that `cli` never sees `collect`.
 * The option types say what the flags can ask; main.ts passes them on to the collector.
 */
import type { Result } from '../base/result.ts'
import type { Capture } from '../model/capture.ts'
import type { Lens } from '../model/lens.ts'
import type { CaptureReader, CaptureWriter, Inflater } from '../model/ports.ts'
import type { ProgressSink } from '../model/report.ts'

/** How targets are asked: what the capture flags say. PEM texts, not paths; secrets are sent and never shown. */
export type CollectOptions = {
  readonly fetch: {
    readonly headers?: Readonly<Record<string, string>>
    readonly bearer?: string
    readonly basic?: { readonly user: string; readonly password: string }
    readonly tls?: {
      readonly ca?: string
      readonly cert?: string
      readonly key?: string
      readonly serverName?: string
      readonly insecure?: boolean
    }
  }
  readonly plan: {
    readonly mode?: 'quick' | 'default' | 'deep'
    readonly windowSeconds?: number
    readonly traceSeconds?: number
    readonly without?: readonly Lens[]
    readonly limits?: {
      readonly maxGoroutines?: number
      readonly maxBytes?: number
      readonly maxTotalBytes?: number
      readonly timeoutMs?: number
    }
  }
  readonly service?: string
  readonly concurrency?: number
}

export type RunHooks = { readonly signal: AbortSignal; readonly progress: ProgressSink }

export type CliDeps = {
  readonly version: string
  readonly inflater: Inflater
  readonly reader: CaptureReader
  readonly writer: CaptureWriter
  /** True for what can only be meant as the address of a target. */
  readonly isAddress: (text: string) => boolean
  /** Captures each address; one result per address, in their order. */
  readonly collect: (
    addresses: readonly string[],
    options: CollectOptions,
    hooks: RunHooks,
  ) => Promise<readonly CollectedTarget[]>
}

/** One target: its name without secrets, and its capture or why there is none. */
export type CollectedTarget = { readonly name: string; readonly capture: Result<Capture> }
