/**
 * The idle table: every named row, by family, and the one function that applies it with the shapes behind it.
 * A new family is a file and a line here.
 */
import { databaseIdle } from './database.ts'
import { grpcIdle } from './grpc.ts'
import { findPattern, type IdleIndex, indexPatterns } from './match.ts'
import { messagingIdle } from './messaging.ts'
import { netHttpIdle } from './net-http.ts'
import { observabilityIdle } from './observability.ts'
import type { IdlePattern, IdleSubject } from './pattern.ts'
import { runtimeIdle } from './runtime-stdlib.ts'
import { serviceIdle } from './services.ts'
import { matchShape } from './shapes.ts'
import { storageIdle } from './storage.ts'
import { unseenRows } from './unseen.ts'

const rows: readonly IdlePattern[] = [
  ...netHttpIdle,
  ...runtimeIdle,
  ...databaseIdle,
  ...grpcIdle,
  ...messagingIdle,
  ...storageIdle,
  ...observabilityIdle,
  ...serviceIdle,
]

/** Every named row, those that no recorded dump shows firing marked `seen: false`. */
export const idlePatterns: readonly IdlePattern[] = rows.map((row) =>
  unseenRows.has(row.id) ? { ...row, seen: false } : row,
)

let index: IdleIndex | undefined

/** The named row that fits, else the shape that does, else undefined. Group goroutines by stack before asking. */
export function matchIdle(subject: IdleSubject): IdlePattern | undefined {
  index ??= indexPatterns(idlePatterns)
  return findPattern(index, subject) ?? matchShape(subject)
}
