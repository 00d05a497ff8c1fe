/**
 * Go source text → its syntax tree as columns (model/trust/go-source.ts), by tree-sitter.
 * Enters: the bytes of tree-sitter's runtime and of the Go grammar, once (they are files; reading them is not this
 * room's), then texts. Leaves: GoSyntax; what is not Go becomes error nodes, the rest is read as far as it goes.
 * Bounded: text beyond MAX_TEXT is refused by code. One parser is used for all; it is not for two threads.
 */
import { Language, Parser } from 'web-tree-sitter'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { GoSyntax } from '../../model/trust/go-source.ts'

/** UTF-16 units of one file. The largest file of Go's own tree has 3 million. */
const MAX_TEXT = 64 * 1024 * 1024
const FIRST_NODES = 4096
/** Of `new` as long as itself: what begins as a type that can be nothing else stays. */
const newOfValue = /\bnew\((?!\s*(?:\[|\*|<-|map\b|chan\b|struct\b|interface\b|func\b))/g

export type GoParser = {
  parse(path: string, text: string): Result<GoSyntax, Fault>
  close(): void
}

export type GoGrammar = {
  /** web-tree-sitter.wasm and tree-sitter-go.wasm. */
  readonly runtime: Uint8Array
  readonly grammar: Uint8Array
}

export async function openGoParser({ runtime, grammar }: GoGrammar): Promise<GoParser> {
  await Parser.init({ wasmBinary: runtime })
  const language = await Language.load(grammar)
  const parser = new Parser()
  parser.setLanguage(language)
  const kindNames = Array.from({ length: language.nodeTypeCount }, (_, id) => language.nodeTypeForId(id) ?? '')
  const fieldNames = Array.from({ length: language.fieldCount + 1 }, (_, id) => language.fieldNameForId(id) ?? '')
  const errorKind = kindNames.push('ERROR') - 1
  const read = (text: string): Columns | undefined => {
    const tree = parser.parse(text)
    if (tree === null) return undefined
    const columns = layOut(tree.walk(), errorKind)
    tree.delete()
    return columns
  }
  return {
    parse(path, text) {
      if (text.length > MAX_TEXT) {
        return err(fault('SL_DECODE_TOO_LARGE', { message: `${path} is larger than ${MAX_TEXT} characters` }))
      }
      const columns = read(text)
      if (columns === undefined) {
        return err(fault('SL_DECODE_MALFORMED', { message: `${path} could not be parsed` }))
      }
      // Go 1.26 takes values in new(…), which the grammar does not know: there it is read as any other function.
      const plain = columns.errors.length === 0 ? text : text.replaceAll(newOfValue, 'neW(')
      const again = plain === text ? undefined : read(plain)
      const better = again !== undefined && again.errors.length < columns.errors.length ? again : columns
      return ok({ path, text, lineStarts: findLines(text), ...better, kindNames, fieldNames })
    },
    close: () => parser.delete(),
  }
}

type Cursor = ReturnType<NonNullable<ReturnType<Parser['parse']>>['walk']>
type Columns = Omit<GoSyntax, 'path' | 'text' | 'lineStarts' | 'kindNames' | 'fieldNames'>

/** Walks the tree once; nodes without a name are kept where they fill a field. */
function layOut(cursor: Cursor, errorKind: number): Columns {
  let room = FIRST_NODES
  let kinds = new Uint16Array(room)
  let fields = new Uint8Array(room)
  let parents = new Int32Array(room)
  let after = new Uint32Array(room)
  let starts = new Uint32Array(room)
  let ends = new Uint32Array(room)
  const errors: number[] = []
  let count = 0
  /** Kept nodes from the file down to the cursor, and whether each level of the cursor was kept. */
  const open: number[] = []
  const kept: boolean[] = []
  for (;;) {
    const field = cursor.currentFieldId
    const isKept = cursor.nodeIsNamed || field !== 0
    kept.push(isKept)
    if (isKept) {
      if (count === room) {
        room *= 2
        kinds = enlarge(kinds, new Uint16Array(room))
        fields = enlarge(fields, new Uint8Array(room))
        parents = enlarge(parents, new Int32Array(room))
        after = enlarge(after, new Uint32Array(room))
        starts = enlarge(starts, new Uint32Array(room))
        ends = enlarge(ends, new Uint32Array(room))
      }
      const kind = cursor.nodeTypeId
      const isError = kind >= errorKind
      kinds[count] = isError ? errorKind : kind
      fields[count] = field
      parents[count] = open.at(-1) ?? -1
      starts[count] = cursor.startIndex
      ends[count] = cursor.endIndex
      if (isError || cursor.nodeIsMissing) errors.push(count)
      open.push(count)
      count++
    }
    if (cursor.gotoFirstChild()) continue
    for (;;) {
      if (kept.pop() === true) after[open.pop() as number] = count
      if (kept.length === 0) {
        cursor.delete()
        return {
          nodeCount: count,
          kinds: kinds.slice(0, count),
          fields: fields.slice(0, count),
          parents: parents.slice(0, count),
          after: after.slice(0, count),
          starts: starts.slice(0, count),
          ends: ends.slice(0, count),
          errors,
        }
      }
      if (cursor.gotoNextSibling()) break
      cursor.gotoParent()
    }
  }
}

function enlarge<T extends Uint8Array | Uint16Array | Uint32Array | Int32Array>(from: T, into: T): T {
  into.set(from)
  return into
}

function findLines(text: string): Uint32Array {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return Uint32Array.from(starts)
}
