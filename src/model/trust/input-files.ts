/**
 * The port for files of any size and kind: told by their content, read as streams. A path may be a file, a capture
 * (folder or `.slc`: what it holds, each a file), a pattern of paths, or `-`; gzip and zstd are inflated on the way.
 */
import type { Fault } from '../../base/errors.ts'
import type { Result } from '../../base/result.ts'
import type { CaptureManifest } from '../capture.ts'

export type InputFile = {
  /** For people and issues. */
  readonly name: string
  /** Bytes to come, where that is known beforehand: not of a pipe, not of what is compressed. */
  readonly sizeBytes?: number
  /** The first bytes of the content, at most 64 KiB. */
  readonly head: Uint8Array
  /** All bytes, `head` included; to be read once, to its end or not at all (then `close`). A piece holds until the next
   *  is asked for. Never throws: it ends where reading fails, and `failure` says why. */
  readonly bytes: AsyncIterable<Uint8Array>
  failure(): Fault | undefined
  /** When the bytes were complete, unix ns: as its capture says, else when the file was changed last; of a pipe when it
   *  ended, once it has. Absent where that cannot be so: a change in the future. A copy says when it was copied. */
  completeUnixNs?(): bigint | undefined
  close(): Promise<void>
}

export type InputPlace = {
  readonly name: string
  /** Of a capture that says so. */
  readonly kind?: string
  /** Found in a folder: nobody said that it is for this command. */
  readonly isFound?: boolean
  /** stdin can be opened once. */
  open(): Promise<Result<InputFile>>
}

export type InputSet = { readonly places: readonly InputPlace[]; readonly manifest?: CaptureManifest }

export type InputOpener = {
  /** Nothing is read yet but what a capture holds. Faults: SL_COLLECT_NO_INPUT and those of captures. */
  listInputs(paths: readonly string[]): Promise<Result<InputSet>>
}
