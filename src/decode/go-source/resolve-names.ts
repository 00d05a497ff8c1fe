/**
 * Names and types of a package by its syntax alone (tier a): scopes as the Go specification nests them, types that are
 * written, results of functions of the package itself and of the well-known ones (known-signatures.ts), fields and
 * methods that the package declares. Enters: the files of one directory and package clause. Leaves: GoPackage.
 * What would need another package's source stays unknown; nothing is guessed from a name.
 */
import {
  childAt,
  childrenOf,
  type GoFile,
  type GoModule,
  type GoPackage,
  type GoSymbol,
  type GoSymbolKind,
  type GoSyntax,
  kindOf,
  textOf,
} from '../../model/trust/go-source.ts'
import { type DeclaredMember, findDeclaredMember, type GoDeclarations, noDeclarations } from './declarations.ts'
import { knownFields, knownResults } from './known-signatures.ts'
import {
  builtinResult,
  listImports,
  listNames,
  packageNameOf,
  push,
  rangeTypes,
  readConstraint,
  receiverType,
  spread,
  typeFromParts,
} from './syntax-parts.ts'
import { namesOf, resultOf, type TypeScope, writeSignature, writeType } from './type-text.ts'

const INFERRED = 1
/** Nested deeper, an expression is left unresolved. */
const MAX_DEPTH = 500

export type ResolveInput = {
  readonly directory: string
  readonly importPath?: string
  readonly module?: GoModule
  readonly files: readonly GoSyntax[]
  /** Of other packages, where their source is at hand. */
  readonly known?: GoDeclarations
  /** Names of packages by import path, where they are known. */
  readonly packageNames?: ReadonlyMap<string, string>
}

export function resolvePackage(input: ResolveInput): GoPackage {
  return new Resolver(input).resolve()
}

/** What the package declares, without its bodies. */
export function declarePackage(input: ResolveInput): GoDeclarations {
  return new Resolver(input).declare()
}

type Scope = { readonly names: Map<string, number>; readonly outer: Scope | undefined }
type Pass = 'types' | 'functions' | 'variables' | 'bodies'
type OpenFile = GoFile & { readonly scope: Scope; readonly types_: TypeScope }

class Resolver {
  private readonly input: ResolveInput
  private readonly home: string
  private readonly known: GoDeclarations
  private readonly symbols: GoSymbol[] = []
  private readonly types: string[] = ['']
  private readonly typeIndex = new Map<string, number>([['', 0]])
  private readonly external = new Map<string, number>()
  /** Of the package's own types, by qualified name: fields, methods, embedded types, underlying type. */
  private readonly members = new Map<string, Map<string, number>>()
  private readonly embedded = new Map<string, string[]>()
  private readonly underlying = new Map<string, string>()
  private readonly packageScope: Scope = { names: new Map(), outer: undefined }
  private file = 0
  private open: OpenFile | undefined
  private depth = 0

  constructor(input: ResolveInput) {
    this.input = input
    this.known = input.known ?? noDeclarations
    this.home = input.importPath ?? (input.directory === '' ? '.' : input.directory)
  }

  resolve(): GoPackage {
    const files = this.input.files.map((syntax) => this.openFile(syntax))
    this.runPasses(files, ['types', 'functions', 'variables', 'bodies'])
    const { directory, importPath, module } = this.input
    return {
      directory,
      name: packageNameOf(this.input.files[0]),
      ...(importPath === undefined ? {} : { importPath }),
      ...(module === undefined ? {} : { module }),
      files: files.map(({ scope: _scope, types_: _types, ...file }) => file),
      symbols: this.symbols,
      types: this.types,
    }
  }

  declare(): GoDeclarations {
    this.runPasses(
      this.input.files.map((syntax) => this.openFile(syntax)),
      ['types', 'functions', 'variables'],
    )
    const signatures: Record<string, string> = {}
    for (const name of this.packageScope.names.values()) {
      const symbol = this.symbols[name]
      const type = this.typeOf(name)
      if (symbol?.qualified !== undefined && symbol.kind !== 'type' && type !== '') signatures[symbol.qualified] = type
    }
    const members: Record<string, Record<string, DeclaredMember>> = {}
    for (const [owner, table] of this.members) {
      const rows: Record<string, DeclaredMember> = {}
      for (const [name, index] of table) {
        const { qualified = '', kind } = this.symbols[index] as GoSymbol
        rows[name] = { qualified, type: this.typeOf(index), isField: kind === 'field' }
      }
      members[owner] = rows
    }
    const { underlying, embedded } = this
    return { signatures, members, embedded: Object.fromEntries(embedded), underlying: Object.fromEntries(underlying) }
  }

  /** Types first: signatures and fields name them; then functions and methods, then variables with their values. */
  private runPasses(files: readonly OpenFile[], passes: readonly Pass[]): void {
    for (const pass of passes) {
      files.forEach((file, index) => {
        this.file = index
        this.open = file
        for (const node of childrenOf(file.syntax, 0)) this.declareTop(pass, file, node)
      })
    }
  }

  private openFile(syntax: GoSyntax): OpenFile {
    const imports = listImports(syntax, this.input.packageNames)
    const scope: Scope = { names: new Map(), outer: this.packageScope }
    const paths = new Map(imports.map(({ name, path }) => [name, path]))
    return {
      syntax,
      isTest: syntax.path.endsWith('_test.go'),
      isGenerated: /^\/\/ Code generated .* DO NOT EDIT\.$/m.test(syntax.text.slice(0, 4096)),
      ...readConstraint(syntax.text),
      imports,
      symbols: new Int32Array(syntax.nodeCount).fill(-1),
      types: new Int32Array(syntax.nodeCount),
      certainty: new Uint8Array(syntax.nodeCount),
      scope,
      types_: { syntax, importOf: (name) => paths.get(name), home: this.home, typeParameters: new Set() },
    }
  }

  // ── declarations of the package ──

  private declareTop(pass: Pass, file: OpenFile, node: number): void {
    const { syntax } = file
    const kind = kindOf(syntax, node)
    if (pass === 'types' && kind === 'import_declaration') this.declareImports(file)
    else if (kind === 'type_declaration' && pass === 'types') this.declareTypes(file, node, this.packageScope)
    else if (kind === 'function_declaration' && pass === 'functions') this.declareFunction(file, node)
    else if (kind === 'method_declaration' && pass === 'functions') this.declareMethod(file, node)
    else if ((kind === 'var_declaration' || kind === 'const_declaration') && pass === 'variables')
      this.visit(node, file.scope)
    else if ((kind === 'function_declaration' || kind === 'method_declaration') && pass === 'bodies')
      this.visitFunction(node, file.scope)
  }

  private declareImports(file: OpenFile): void {
    for (const { name, path, node } of file.imports) {
      if (name === '_' || name === '.' || file.scope.names.has(name)) continue
      file.scope.names.set(name, this.addSymbol('package', name, '', node, path))
    }
  }

  private declareTypes(file: OpenFile, declaration: number, scope: Scope): void {
    const { syntax } = file
    for (const spec of childrenOf(syntax, declaration)) {
      const nameNode = childAt(syntax, spec, 'name')
      const typeNode = childAt(syntax, spec, 'type')
      if (nameNode === undefined) continue
      const name = textOf(syntax, nameNode)
      const qualified = `${this.home}.${name}`
      const symbol = this.addSymbol('type', name, qualified, nameNode, qualified)
      scope.names.set(name, symbol)
      this.mark(nameNode, symbol, '')
      if (typeNode === undefined) continue
      const kind = kindOf(syntax, typeNode)
      if (kind === 'struct_type') this.declareFields(file, qualified, typeNode)
      else if (kind === 'interface_type') this.declareInterface(file, qualified, typeNode)
      else this.underlying.set(qualified, writeType(file.types_, typeNode))
    }
  }

  private declareFields(file: OpenFile, owner: string, struct: number): void {
    const { syntax } = file
    const members = this.membersOf(owner)
    for (const list of childrenOf(syntax, struct)) {
      for (const field of childrenOf(syntax, list)) {
        if (kindOf(syntax, field) !== 'field_declaration') continue
        const type = writeType(file.types_, childAt(syntax, field, 'type'))
        const names = namesOf(syntax, field)
        if (names.length === 0) {
          const pointed = textOf(syntax, field).startsWith('*') ? type.replace(/^\*/, '') : type
          push(this.embedded, owner, pointed)
          const last = pointed.slice(pointed.lastIndexOf('.') + 1)
          members.set(last, this.addSymbol('field', last, type, field, `${owner}.${last}`))
        }
        for (const node of names) {
          const name = textOf(syntax, node)
          const symbol = this.addSymbol('field', name, type, node, `${owner}.${name}`)
          members.set(name, symbol)
          this.mark(node, symbol, type)
        }
      }
    }
  }

  private declareInterface(file: OpenFile, owner: string, type: number): void {
    const { syntax } = file
    const members = this.membersOf(owner)
    for (const element of childrenOf(syntax, type)) {
      const nameNode = childAt(syntax, element, 'name')
      if (nameNode === undefined) {
        for (const part of childrenOf(syntax, element)) push(this.embedded, owner, writeType(file.types_, part))
        continue
      }
      const name = textOf(syntax, nameNode)
      const signature = writeSignature(file.types_, element)
      members.set(name, this.addSymbol('method', name, signature, nameNode, `(${owner}).${name}`))
    }
  }

  private declareFunction(file: OpenFile, node: number): void {
    const nameNode = childAt(file.syntax, node, 'name')
    if (nameNode === undefined) return
    const name = textOf(file.syntax, nameNode)
    const signature = writeSignature(this.withTypeParameters(file, node), node)
    const symbol = this.addSymbol('function', name, signature, nameNode, `${this.home}.${name}`)
    if (name !== 'init' && name !== '_') this.packageScope.names.set(name, symbol)
    this.mark(nameNode, symbol, signature)
  }

  private declareMethod(file: OpenFile, node: number): void {
    const { syntax } = file
    const nameNode = childAt(syntax, node, 'name')
    const receiver = receiverType(file.types_, node)
    if (nameNode === undefined || receiver === '') return
    const name = textOf(syntax, nameNode)
    const signature = writeSignature(this.withTypeParameters(file, node), node)
    const base = receiver.replace(/^\*/, '')
    const symbol = this.addSymbol('method', name, signature, nameNode, `(${receiver}).${name}`)
    this.membersOf(base).set(name, symbol)
    this.mark(nameNode, symbol, signature)
  }

  private withTypeParameters(file: OpenFile, node: number): TypeScope {
    const list = childAt(file.syntax, node, 'type_parameters')
    if (list === undefined) return file.types_
    const names = [...childrenOf(file.syntax, list)].flatMap((declaration) => namesOf(file.syntax, declaration))
    return { ...file.types_, typeParameters: new Set(names.map((name) => textOf(file.syntax, name))) }
  }

  // ── bodies ──

  /** A declaration, method or literal: its parameters, then its body. Its own signature as type. */
  private visitFunction(node: number, outer: Scope): string {
    const file = this.open as OpenFile
    const { syntax } = file
    const types = this.withTypeParameters(file, node)
    const scope: Scope = { names: new Map(), outer }
    for (const field of ['receiver', 'parameters', 'result']) {
      const list = childAt(syntax, node, field)
      if (list === undefined || kindOf(syntax, list) !== 'parameter_list') continue
      for (const declaration of childrenOf(syntax, list)) {
        const written = writeType(types, childAt(syntax, declaration, 'type'))
        const isVariadic = kindOf(syntax, declaration) === 'variadic_parameter_declaration'
        const type = isVariadic && written !== '' ? `[]${written}` : written
        for (const name of namesOf(syntax, declaration)) this.declareName('parameter', name, type, scope)
      }
    }
    const body = childAt(syntax, node, 'body')
    // The body is the block of the parameters: `ctx, span := …` there gives the parameter anew.
    if (body !== undefined) this.visitChildren(body, scope)
    return writeSignature(types, node)
  }

  private visit(node: number, scope: Scope): string {
    if (this.depth >= MAX_DEPTH) return ''
    this.depth++
    const type = this.visitKind(node, scope)
    this.depth--
    return type
  }

  private visitKind(node: number, scope: Scope): string {
    const { syntax } = this.open as OpenFile
    switch (kindOf(syntax, node)) {
      case 'block':
      case 'if_statement':
      case 'for_statement':
      case 'expression_switch_statement':
      case 'select_statement':
      case 'expression_case':
      case 'default_case':
      case 'communication_case':
        return this.visitChildren(node, { names: new Map(), outer: scope })
      case 'type_switch_statement':
        return this.visitTypeSwitch(node, scope)
      case 'short_var_declaration':
      case 'receive_statement':
      case 'range_clause':
        return this.visitAssignment(node, scope)
      case 'var_spec':
      case 'const_spec':
        return this.visitSpec(node, scope)
      case 'type_declaration':
        this.declareTypes(this.open as OpenFile, node, scope)
        return ''
      case 'func_literal':
        return this.note(node, this.visitFunction(node, scope))
      case 'identifier':
      case 'package_identifier':
        return this.visitIdentifier(node, scope)
      case 'selector_expression':
        return this.visitSelector(node, scope)
      case 'call_expression':
        return this.visitCall(node, scope)
      case 'parameter_list':
      case 'type_identifier':
      case 'qualified_type':
      case 'field_identifier':
      case 'label_name':
        return ''
      default:
        return this.visitExpression(node, scope)
    }
  }

  private visitChildren(node: number, scope: Scope): string {
    const { syntax } = this.open as OpenFile
    for (const child of childrenOf(syntax, node)) this.visit(child, scope)
    return ''
  }

  private visitTypeSwitch(node: number, scope: Scope): string {
    const file = this.open as OpenFile
    const { syntax } = file
    const inner: Scope = { names: new Map(), outer: scope }
    const alias = childAt(syntax, node, 'alias')
    for (const child of childrenOf(syntax, node)) {
      if (child === alias) continue
      const kind = kindOf(syntax, child)
      if (kind !== 'type_case' && kind !== 'default_case') {
        this.visit(child, inner)
        continue
      }
      const caseScope: Scope = { names: new Map(), outer: inner }
      const wanted = syntax.fieldNames.indexOf('type')
      const kinds = [...childrenOf(syntax, child)].filter((part) => syntax.fields[part] === wanted)
      const type = kinds.length === 1 ? writeType(file.types_, kinds[0]) : ''
      for (const name of alias === undefined ? [] : listNames(syntax, alias))
        this.declareName('variable', name, type, caseScope)
      for (const part of childrenOf(syntax, child)) if (!kinds.includes(part)) this.visit(part, caseScope)
    }
    return ''
  }

  /** `a, b := …`, `case v, ok := <-c`, `for k, v := range m`. */
  private visitAssignment(node: number, scope: Scope): string {
    const { syntax } = this.open as OpenFile
    const left = childAt(syntax, node, 'left')
    const right = childAt(syntax, node, 'right')
    const values = right === undefined ? [] : this.visitValues(right, scope)
    const isShort = kindOf(syntax, node) === 'short_var_declaration'
    if (left === undefined) return ''
    const names = listNames(syntax, left)
    const text = syntax.text.slice(syntax.ends[left], right === undefined ? syntax.ends[node] : syntax.starts[right])
    if (!isShort && !text.includes(':=')) return this.visitChildren(left, scope)
    const types =
      kindOf(syntax, node) === 'range_clause'
        ? rangeTypes(this.underlyingOf(values[0] ?? ''))
        : values.length === 1 && names.length > 1
          ? spread(values[0] as string, names.length)
          : values
    names.forEach((name, index) => {
      if (kindOf(syntax, name) !== 'identifier') return
      const known = scope.names.get(textOf(syntax, name))
      // Redeclared in the same scope: the same variable.
      if (isShort && known !== undefined && names.length > 1) this.mark(name, known, this.typeOf(known))
      else this.declareName('variable', name, types[index] ?? '', scope)
    })
    return ''
  }

  private visitValues(right: number, scope: Scope): string[] {
    const { syntax } = this.open as OpenFile
    if (kindOf(syntax, right) !== 'expression_list') return [this.visit(right, scope)]
    return [...childrenOf(syntax, right)].map((value) => this.visit(value, scope))
  }

  private visitSpec(node: number, scope: Scope): string {
    const file = this.open as OpenFile
    const { syntax } = file
    const value = childAt(syntax, node, 'value')
    const written = writeType(file.types_, childAt(syntax, node, 'type'))
    const values = value === undefined ? [] : this.visitValues(value, scope)
    const names = namesOf(syntax, node)
    const types = values.length === 1 && names.length > 1 ? spread(values[0] as string, names.length) : values
    const kind = kindOf(syntax, node) === 'const_spec' ? 'constant' : 'variable'
    const isTop = scope === file.scope
    names.forEach((name, index) => {
      const type = written === '' ? (types[index] ?? '') : written
      this.declareName(kind, name, type, isTop ? this.packageScope : scope, isTop)
    })
    return ''
  }

  private visitIdentifier(node: number, scope: Scope): string {
    const { syntax } = this.open as OpenFile
    const name = textOf(syntax, node)
    for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
      const symbol = at.names.get(name)
      if (symbol === undefined) continue
      const type = this.typeOf(symbol)
      this.mark(node, symbol, type)
      return type
    }
    return ''
  }

  private visitSelector(node: number, scope: Scope): string {
    const { syntax } = this.open as OpenFile
    const operand = childAt(syntax, node, 'operand')
    const field = childAt(syntax, node, 'field')
    if (operand === undefined || field === undefined) return ''
    const owner = this.visit(operand, scope)
    const name = textOf(syntax, field)
    const imported = this.symbols[(this.open as OpenFile).symbols[operand] as number]
    const symbol =
      imported?.kind === 'package' ? this.findExternal(`${imported.qualified}.${name}`) : this.findMember(owner, name)
    if (symbol === undefined) return ''
    const type = this.typeOf(symbol)
    this.mark(field, symbol, type)
    this.mark(node, symbol, type)
    return type
  }

  private visitCall(node: number, scope: Scope): string {
    const file = this.open as OpenFile
    const { syntax } = file
    const called = childAt(syntax, node, 'function')
    const list = childAt(syntax, node, 'arguments')
    const signature = called === undefined ? '' : this.visit(called, scope)
    const given = list === undefined ? [] : [...childrenOf(syntax, list)].map((one) => this.visit(one, scope))
    if (called === undefined) return ''
    const symbol = file.symbols[called] as number
    if (symbol >= 0) this.mark(node, symbol, '')
    const known = this.symbols[symbol]
    if (known?.kind === 'type') return this.note(node, known.qualified ?? '')
    if (symbol < 0 && kindOf(syntax, called) === 'identifier') {
      return this.note(node, builtinResult(file.types_, textOf(syntax, called), list, given))
    }
    return this.note(node, resultOf(this.underlyingOf(signature)) ?? '')
  }

  private visitExpression(node: number, scope: Scope): string {
    const file = this.open as OpenFile
    const { syntax } = file
    const kind = kindOf(syntax, node)
    const typed =
      kind === 'type_assertion_expression' || kind === 'type_conversion_expression' || kind === 'composite_literal'
    if (typed) {
      const type = childAt(syntax, node, 'type')
      for (const child of childrenOf(syntax, node)) if (child !== type) this.visitPart(child, scope)
      return this.note(node, writeType(file.types_, type))
    }
    const parts = [...childrenOf(syntax, node)].map((child) => this.visitPart(child, scope))
    return this.note(
      node,
      typeFromParts(syntax, node, parts, (type) => this.underlyingOf(type)),
    )
  }

  /** Keys of a composite literal are names of fields, unless they are expressions. */
  private visitPart(node: number, scope: Scope): string {
    const { syntax } = this.open as OpenFile
    if (kindOf(syntax, node) !== 'keyed_element') return this.visit(node, scope)
    const value = childAt(syntax, node, 'value') ?? [...childrenOf(syntax, node)].at(-1)
    return value === undefined ? '' : this.visit(value, scope)
  }

  // ── symbols ──

  private findMember(owner: string, name: string, depth = 0): number | undefined {
    if (owner === '' || depth > 8) return undefined
    const base = owner.replace(/^\*/, '')
    const own = this.members.get(base)?.get(name)
    if (own !== undefined) return own
    for (const embedded of this.embedded.get(base) ?? []) {
      const found = this.findMember(embedded, name, depth + 1)
      if (found !== undefined) return found
    }
    const declared = findDeclaredMember(this.known, base, name)
    if (declared !== undefined) {
      return this.findExternal(declared.qualified, declared.type, declared.isField ? 'field' : 'method')
    }
    // A type of another package: the method's name is sure, its signature is not.
    if (base.includes('.') && !base.startsWith(`${this.home}.`)) return this.findExternal(`(${owner}).${name}`)
    return undefined
  }

  private findExternal(qualified: string, type?: string, kind: GoSymbolKind = 'function'): number {
    const known = this.external.get(qualified)
    if (known !== undefined) return known
    const result = knownResults[qualified]
    const table = knownFields[qualified] ?? (result === undefined ? '' : `func() ${result}`)
    const declared = Object.hasOwn(this.known.signatures, qualified) ? this.known.signatures[qualified] : undefined
    const signature = type ?? declared ?? table
    const name = qualified.slice(qualified.lastIndexOf('.') + 1)
    const symbol = this.symbols.push({
      kind: qualified.startsWith('(') ? 'method' : kind,
      name,
      qualified,
      type: this.internType(signature),
    })
    this.external.set(qualified, symbol - 1)
    return symbol - 1
  }

  private underlyingOf(type: string): string {
    return this.underlying.get(type) ?? this.known.underlying[type] ?? type
  }

  private declareName(kind: GoSymbolKind, node: number, type: string, scope: Scope, isTop = false): void {
    const { syntax } = this.open as OpenFile
    const name = textOf(syntax, node)
    const symbol = this.addSymbol(kind, name, type, node, isTop ? `${this.home}.${name}` : undefined)
    if (name !== '_') scope.names.set(name, symbol)
    this.mark(node, symbol, type)
  }

  private addSymbol(kind: GoSymbolKind, name: string, type: string, node: number, qualified?: string): number {
    const symbol: GoSymbol = {
      kind,
      name,
      ...(qualified === undefined ? {} : { qualified }),
      file: this.file,
      node,
      type: this.internType(type),
    }
    return this.symbols.push(symbol) - 1
  }

  private mark(node: number, symbol: number, type: string): void {
    const file = this.open as OpenFile
    file.symbols[node] = symbol
    file.certainty[node] = INFERRED
    if (type !== '') file.types[node] = this.internType(type)
  }

  private note(node: number, type: string): string {
    if (type === '') return ''
    const file = this.open as OpenFile
    file.types[node] = this.internType(type)
    file.certainty[node] = INFERRED
    return type
  }

  private typeOf(symbol: number): string {
    return this.types[this.symbols[symbol]?.type ?? 0] ?? ''
  }

  private internType(type: string): number {
    const known = this.typeIndex.get(type)
    if (known !== undefined) return known
    const index = this.types.push(type) - 1
    this.typeIndex.set(type, index)
    return index
  }

  private membersOf(type: string): Map<string, number> {
    const known = this.members.get(type)
    if (known !== undefined) return known
    const made = new Map<string, number>()
    this.members.set(type, made)
    return made
  }
}
