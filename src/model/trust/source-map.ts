/**
 * What a package's functions are to its traces, as plain data that goes from thread to thread: which spans each starts,
 * whom it calls, which routes lead to it, and what the package says of the service's name. Keys of functions are their
 * import path and name without stars and brackets (`example.com/shop/cart.Server.Get`); of literals, path and runtime name.
 * Names may begin or end with `*`: what the source does not spell out.
 */

export type FunctionFact = {
  readonly key: string
  /** Functions that it calls or names, literals within it too; handlers of routes are left out. */
  readonly calls: readonly string[]
  /** Spans that it starts, of which the name can be read. */
  readonly spans: readonly string[]
  /** It has the form of a gRPC method: its name. */
  readonly rpc?: string
  /** It is given a request by its parameters, as handlers and middleware are. */
  readonly isHandler?: true
  /** It lives as long as the program, or makes a context because it is given none: no trace of its callers comes here. */
  readonly startsAnew?: true
}

export type RouteFact = {
  /** `GET /cart/:id`, `/cart/:id`, or the name that a wrapper gives to all that is below. */
  readonly name: string
  readonly handlers: readonly string[]
  /** Function that registers it. */
  readonly from: string
}

export type NamedBy = { readonly name: string; readonly file: string; readonly line: number }

export type PackageMap = {
  readonly importPath: string
  readonly functions: readonly FunctionFact[]
  readonly routes: readonly RouteFact[]
  /** Functions around all routes that the other one registers. */
  readonly middlewares: readonly { readonly function: string; readonly from: string }[]
  /** Service names that stand there as text. */
  readonly services: readonly NamedBy[]
  /** Functions of which an argument becomes the service's name, and texts that are given to functions. */
  readonly namers: readonly { readonly function: string; readonly argument: number }[]
  readonly given: readonly (NamedBy & { readonly function: string; readonly argument: number })[]
}

/** Where a finding stands among the functions. */
export type FindingScope = {
  /** As the runtime names it, literals too; absent for a field of a struct, whose scope is the functions that use it. */
  readonly function?: string
  /** Keys, innermost first. */
  readonly within: readonly string[]
  /** Functions called, and spans started, by the statement of the finding, and by what follows where it makes a context. */
  readonly calls: readonly string[]
  readonly starts: readonly string[]
  /** Spans that were started before it in the same function. */
  readonly around: readonly string[]
}

/** A command of the source: what may be a service. */
export type AuditProgram = {
  readonly importPath: string
  readonly directory: string
  /** Packages of the source that it is made of, itself among them. */
  readonly packages: readonly string[]
  /** Service names that its code sets as text. */
  readonly services: readonly NamedBy[]
}
