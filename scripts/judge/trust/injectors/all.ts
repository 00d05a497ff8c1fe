/** Every injection, in the order of the classes. */
import { breakClasses } from '../../../../src/model/trust/break-classes.ts'
import { codeInjections } from './code.ts'
import { edgeInjections } from './edges.ts'
import type { Injection } from './injection.ts'
import { pipelineInjections } from './pipeline.ts'

export const injections: readonly Injection[] = breakClasses.flatMap((row) =>
  [...edgeInjections, ...codeInjections, ...pipelineInjections].filter((one) => one.className === row.name),
)
