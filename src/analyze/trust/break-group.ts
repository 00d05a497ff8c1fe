/**
 * A group is what looks like a break, of one shape, at one place, with what was measured of it; a claim is what a class
 * says of a group. Groups are made once, by the finders of each family; classes read them; the arbiter weighs the claims.
 */
import type { BreakClass } from '../../model/trust/break-classes.ts'
import type { Exoneration } from '../../model/trust/trust-data.ts'
import type { TrustFacts } from './trust-facts.ts'

type Place = {
  /** The service that lost it, as far as known. */
  readonly service: string
  readonly operation: string
  readonly version?: string
  readonly edge?: { readonly from: string; readonly to: string }
  readonly rows: Uint32Array
  readonly affected: number
  readonly crossed: number
}

/** How much oftener than by chance: both as shares of the sample. */
export type Lift = { readonly seen: number; readonly chance: number; readonly sample: number }

/** Roots that are no server's: INTERNAL, CLIENT, PRODUCER, unspecified. */
export type InnerRootGroup = Place & {
  readonly shape: 'inner-root'
  readonly kind: number
  /** Start and end lie within a handler's span of the same instance and another trace. */
  readonly within: Lift
  /** Start lies within; the end may not. */
  readonly beginsWithin: Lift
  /** Names of the handlers, most frequent first, with the share of the roots they hold. */
  readonly hosts: readonly { readonly name: string; readonly share: number }[]
  /** Of all spans of the operation, the share that has a parent. */
  readonly usuallyChild: number
  readonly usualParent?: string
  /** Of the roots within a handler, those that overlap another child of it. */
  readonly besideSiblings: number
  /** The share that would, if the roots began anywhere in their handlers. */
  readonly besideByChance: number
  /** Share of the starts that keep a period. */
  readonly periodic: number
  readonly framework?: string
  /** Scopes of the whole service are those of automatic instrumentation. */
  readonly isAutomatic: boolean
  /** Roots that never overlap one another on an instance, although handlers do: one worker. */
  readonly isSerial: boolean
  /** No handler of the service has a step that its own code made. */
  readonly hasNoSteps: boolean
  /** They begin as a span of a server's handler ends: its operation, and how close. */
  readonly after?: { readonly name: string; readonly lift: Lift; readonly withinNs: number }
  /** Calls that lie whole within a step of the instance's own that waits for them, though no handler holds them. */
  readonly withinStep?: { readonly name: string; readonly lift: Lift }
  /** They are where chance puts them: an operation that also runs by itself. */
  readonly apart?: { readonly by: Exoneration; readonly why: string }
}

/** Server spans that are roots, and the caller they were paired with. */
export type ServerRootGroup = Place & {
  readonly shape: 'server-root'
  readonly from: string
  readonly to: string
  /** A childless client span of `from` holds it. */
  readonly paired: boolean
  readonly lift: Lift
  /** Shares of broken traces: of this edge, of the callee's other callers, of the caller's other callees. */
  readonly rate: number
  readonly otherCallers: readonly EdgeRate[]
  readonly otherCallees: readonly EdgeRate[]
  readonly languages: readonly [from: string, to: string]
  /** Other edges between the same two languages, in this direction: broken and sound. */
  readonly sameLanguages: readonly EdgeRate[]
  /** A caller in the callee's own language breaks as well. */
  readonly breaksAtHome: boolean
  /** Roots that carry baggage or tracestate, and no context that they could have read. */
  readonly baggageOnly: number
  /** Every call of one process breaks, of which these are some. */
  readonly process?: BrokenProcess
  /** Calls of the caller break at one rate to several callees, and no version or instance breaks always. */
  readonly spread?: { readonly callees: number; readonly rate: number; readonly knownUnits: boolean }
  /** Version, instance, host, scope or route of the callee of which all calls break, while others of it are sound. */
  readonly alwaysAt?: string
  /** Versions, instances or hosts of the callee that have sound and broken calls. */
  readonly mixedUnits: number
  /** They have a parent in a trace of its own, which nobody here began. */
  readonly isForeign?: boolean
  /** Roots whose trace ids are 64 bits wide. */
  readonly narrowIds: number
  /** The handler that holds them, where no client span does. */
  readonly host?: string
  /** Roots whose own attributes show the header that arrived, by format. */
  readonly arrived: Readonly<Partial<Record<ContextFormat, number>>>
  readonly viaProxy?: string
  /** Most clients name another port than the one on which the callee says that it listens: something is between. */
  readonly portsDiffer?: string
}

/** A process of which all edges break, or all but those to peers that understand it. */
export type BrokenProcess = {
  readonly service: string
  readonly isWhole: boolean
  /** Nobody in the data calls it: only what it sends is seen. */
  readonly sendsOnly: boolean
  /** All that breaks is of one protocol: a hop on the way could do it as well. */
  readonly oneProtocol: boolean
  /** What the headers of what it sends show. */
  readonly settled?: BreakClass
  /** It sends neither context nor baggage, and nobody here carries baggage. */
  readonly sendsNone?: boolean
  readonly why: string
}

/** Formats of context that a header attribute of a server's span can show. */
export type ContextFormat = 'tracecontext' | 'b3' | 'b3multi' | 'jaeger' | 'datadog' | 'xray'

export type EdgeRate = {
  readonly from: string
  readonly to: string
  readonly broken: number
  readonly crossed: number
}

export type MessageRootGroup = Place & {
  readonly shape: 'message-root'
  readonly destination: string
  readonly paired: boolean
  readonly lift: Lift
  /** Consumers of the same destination elsewhere that do have parents or links; producers to it that are continued. */
  readonly otherConsumersContinue: number
  readonly otherProducersContinued: number
  /** Every call of the producer's or the consumer's process breaks as well. */
  readonly process?: BrokenProcess
}

/** Spans whose parent is not there, by who should have exported it. */
export type LossGroup = Place & {
  readonly shape: 'loss'
  /** The owner is not known, or never seen. */
  readonly isOwnerKnown: boolean
  /** Parents that are missing: of local children, of children in other services. */
  readonly missing: number
  readonly local: number
  readonly remote: number
  /** Traces in which they are missing, and of these the ones in which the owner has no span at all. */
  readonly lost: number
  readonly absent: number
  /** Visits of the owner from which nothing is missing. */
  readonly kept: number
  /** The owner is called several times in a trace, and lost calls one by one, each as a whole: what is measured. */
  readonly calls?: { readonly lost: number; readonly kept: number }
  /** The traces without the owner are told from the others by a number of their ids. */
  readonly byTraceId?: { readonly number: string; readonly beyond: number; readonly before: number }
  /** They are of a few operations of the owner alone: the share that blind loss would give these, and its chance. */
  readonly chosen?: { readonly expected: number; readonly logChance: number }
  /** Operation that is missing most, its share of the missing, and the share it would have if loss were blind. */
  readonly topOperation: string
  readonly topShare: number
  readonly topExpected: number
  /** At the end of an instance's life; `isKnown`: instances can be told apart. */
  readonly restarts: Lift & { readonly isKnown: boolean; readonly ended: number }
  /** Chance that a lost visit ranks above a kept one (blind loss: 0.5), and how many deviations that is off. */
  readonly load: { readonly share: number; readonly deviations: number; readonly visits: number }
  readonly duration: { readonly share: number; readonly deviations: number }
  /** Lost visits near another lost one: by blind loss at the rate of that hour, and if batches were lost whole. */
  readonly crowding: {
    readonly seen: number
    readonly expected: number
    readonly deviations: number
    readonly whole: number
    readonly short: number
  }
  /** Another service lost spans in the same trace. */
  readonly together: Lift
  /** Other services that are wholly gone from the traces that the owner is gone from, and usually there. */
  readonly gone: readonly string[]
  /** Services that lost spans in five traces or more. */
  readonly owners: number
  /** Rate in each quarter of the visits. */
  readonly quarters: readonly number[]
  readonly isSteady: boolean
  /** Share with a sampling probability in tracestate or attributes. */
  readonly saysSampled: number
  /** What its logs say near the losses. */
  readonly words?: Readonly<Record<'dropped' | 'cancelled' | 'died', Lift & { readonly example: string }>>
}

/** A shape that is of one class (or its look-alike) alone: the class's own file finds it and says what it found. */
export type DirectGroup = Place & {
  readonly shape: 'direct'
  readonly claims: readonly (Claim & { readonly class: BreakClass })[]
  readonly logRecords?: { readonly affected: number; readonly all: number }
  /** Where spans lie within a sibling: the share of them that overlap one another. */
  readonly parallel?: number
}

/** Orphans whose parents may still come. */
export type PendingGroup = Place & { readonly shape: 'pending' }

/** Orphans whose parents the data cannot hold. */
export type OutsideGroup = Place & { readonly shape: 'outside'; readonly why: string }

export type BreakGroup =
  | PendingGroup
  | OutsideGroup
  | InnerRootGroup
  | ServerRootGroup
  | MessageRootGroup
  | LossGroup
  | DirectGroup

export type Claim = {
  /** 0..1: how well what was measured fits the class. */
  readonly score: number
  readonly why: string
  /** Headers, source or ids leave nothing else. */
  readonly settled?: boolean
  readonly exoneratedBy?: Exoneration
  /** Who is at fault, where it is not the group's service. */
  readonly culprit?: string
}

export type BreakClassRule = {
  readonly class: BreakClass
  /** Groups that only this class can see; rows already taken are left alone. */
  find?(facts: TrustFacts): readonly BreakGroup[]
  judge?(group: BreakGroup, facts: TrustFacts): Claim | undefined
}
