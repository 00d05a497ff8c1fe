/** What the collector is handed from outside: clocks, an inflater, a place for progress. Wired in main.ts. */
import type { Clock, Inflater } from '../model/ports.ts'
import type { ProgressSink } from '../model/report.ts'

export type CaptureDeps = {
  readonly clock: Clock
  readonly inflater: Inflater
  readonly progress?: ProgressSink
  /** Of sightline, for the manifest. */
  readonly version: string
}
