/** What the worker pool and its threads say to each other; one errand at a time, known by its id. */
import type { Result } from '../../base/result.ts'

export type ToWorker =
  | { readonly kind: 'run'; readonly id: number; readonly job: string; readonly input: unknown }
  | { readonly kind: 'abort'; readonly id: number }

export type FromWorker =
  | { readonly kind: 'news'; readonly id: number; readonly news: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly result: Result<unknown> }
  | { readonly kind: 'threw'; readonly id: number; readonly text: string }
