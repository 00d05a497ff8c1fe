/**
 * Compiles the inner loops under wasm/ (AssemblyScript) into modules that are embedded in source files, so that they
 * load the same way in Node, in a browser worker and from the package. `npm run wasm`; `--check` only compares.
 * Modules import their memory (`env.memory`) and may share it: each keeps its static data at its own base, and takes
 * pages with wasm/lib/arena.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What is used of the compiler; its own typings change those of the console. */
type Compiler = {
  main(
    options: readonly string[],
    files: {
      readFile(name: string, folder: string): string | null
      writeFile(name: string, contents: string | Uint8Array): void
      listFiles(): string[]
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>
}
const compilerName: string = 'assemblyscript/asc'
const { default: compiler } = (await import(compilerName)) as { readonly default: Compiler }

const root = join(import.meta.dirname, '..')

export type WasmModule = {
  readonly entry: string
  readonly output: string
  /** What the embedded module does, for the file's comment. */
  readonly says: string
  /** Address of its static data; 64 KiB apart, below INITIAL_PAGES. */
  readonly base: number
}

export const wasmModules: readonly WasmModule[] = [
  {
    entry: 'wasm/trace-order/index.ts',
    output: 'src/decode/gotrace/order-module.ts',
    says: 'the order of events of an execution trace, into columns.',
    base: 65_536,
  },
  {
    entry: 'wasm/trace-account/account.ts',
    output: 'src/analyze/trace/account-module.ts',
    says: 'the accounting of an execution trace over the columns of its chunks.',
    base: 131_072,
  },
]

/** The text of the source file that embeds the module. `edit`: tests compile it with a source changed. */
export async function buildWasm(
  module: WasmModule,
  edit: (name: string, text: string) => string = (_name, text) => text,
): Promise<string> {
  let binary: Uint8Array | undefined
  const { error, stderr } = await compiler.main(
    [
      module.entry,
      '-O3',
      '--converge',
      '--noAssert',
      '--runtime',
      'stub',
      '--importMemory',
      '--memoryBase',
      String(module.base),
      '--initialMemory',
      '4',
      '--enable',
      'simd',
      '--outFile',
      'module.wasm',
    ],
    {
      readFile: (name: string, folder: string) => {
        try {
          return edit(name, readFileSync(join(root, folder, name), 'utf8'))
        } catch {
          return null
        }
      },
      writeFile: (_name: string, contents: string | Uint8Array) => {
        if (typeof contents !== 'string') binary = contents
      },
      listFiles: () => [],
    },
  )
  if (error !== null || binary === undefined) throw new Error(`${module.entry}: ${stderr.toString()}`)
  return embed(module, binary)
}

function embed({ entry, says }: WasmModule, binary: Uint8Array): string {
  const lines =
    Buffer.from(binary)
      .toString('base64')
      .match(/.{1,110}/g) ?? []
  return [
    '/**',
    ` * Generated from ${entry} by \`npm run wasm\`: ${says}`,
    ' */',
    '',
    `export const moduleBytes = ${binary.length}`,
    '/** The module in base64. */',
    'export const moduleText =',
    lines.map((line) => `  '${line}'`).join(' +\n'),
    '',
  ].join('\n')
}

if (process.argv[1] === import.meta.filename) {
  for (const module of wasmModules) {
    const text = await buildWasm(module)
    writeFileSync(join(root, module.output), text)
    process.stdout.write(`${module.output}: ${text.length} characters\n`)
  }
}
