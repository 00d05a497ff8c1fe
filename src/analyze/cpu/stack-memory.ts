/** Memory of goroutine stacks, as the runtime itself counts it: expvar's memstats, else the Go collector's metric. */
import type { EvidenceSet } from '../../model/evidence.ts'

export function readStackBytes({ vars, metrics }: EvidenceSet): number | undefined {
  const memstats = vars?.document.vars.memstats
  if (typeof memstats === 'object' && memstats !== null && !Array.isArray(memstats)) {
    const bytes = (memstats as { readonly StackInuse?: unknown }).StackInuse
    if (typeof bytes === 'number' && Number.isFinite(bytes) && bytes >= 0) return bytes
  }
  for (const family of metrics?.families ?? []) {
    if (family.name !== 'go_memstats_stack_inuse_bytes') continue
    const value = family.samples[0]?.value
    if (value !== undefined && Number.isFinite(value)) return value
  }
  return undefined
}
