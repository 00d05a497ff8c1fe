/** For tests: sources in a folder of their own → what `audit` says of them. The folder is removed, or kept for a look. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Report } from '../../model/report.ts'
import type { AuditData } from '../../model/trust/audit-data.ts'
import { auditDirectory } from '../audit/audit.ts'
import type { AuditDeps, AuditInput } from '../audit/audit-input.ts'

const home = join(import.meta.dirname, '..', '..', '..')

export const auditDeps: AuditDeps = {
  clock: { nowUnixNs: () => 0n, nowMonoNs: () => 0 },
  goGrammar: {
    runtime: join(home, 'node_modules', 'web-tree-sitter', 'web-tree-sitter.wasm'),
    grammar: join(home, 'assets', 'tree-sitter-go.wasm'),
  },
  auditThreads: {
    cores: 1,
    openPool: () => {
      throw new Error('one thread is enough for a test')
    },
  },
}

/** Contents by path → a fresh folder; give it back to `use`, then it is gone. */
export async function withSources<T>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (root: string) => Promise<T>,
): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), 'sightline-audit-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return await use(root)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

export function auditSources(
  files: Readonly<Record<string, string | Uint8Array>>,
  more: Partial<AuditInput> = {},
): Promise<Report<AuditData>> {
  return withSources(files, async (root) => {
    const report = await auditDirectory(auditDeps, { root, name: 'shop', ...more })
    assert.ok(report.ok)
    return report.value
  })
}
