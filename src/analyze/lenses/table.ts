/**
 * The lens table: for each kind of wait, how dumps and traces name it, and what each lens shows of it.
 * Row order matters to `findWaitKind`: a row that asks for frames stands before the general row of the same word.
 * Cells of `measured` rows are compared with Go 1.26 and 1.27 by scripts/judge/waits.ts; see testdata/waits.
 */
import { primitiveRows } from './rows-primitives.ts'
import { runtimeRows } from './rows-runtime.ts'
import type { WaitKind } from './types.ts'

export const waitKinds: readonly WaitKind[] = [...primitiveRows, ...runtimeRows]
