/**
 * Spans and the goroutines beneath them: what an execution trace says of where a span's time went.
 * A join has a rung: by which trail in the trace a span was found. Numbers are those of docs/span-join.md: 1, ids in
 * trace logs (exact); 3, Datadog's own logs (exact); 0, tasks of the OpenTelemetry SDK, which carry names only; 4,
 * nothing but the time and a function's name. Rung 2 (pprof labels) is of dumps, not of traces.
 * Times are ns since the trace's first event. Unknown is absent.
 */
import type { StateTimes } from './trace-account.ts'
import type { WaitClass } from './wait-class.ts'

export const joinRungs = [1, 3, 0, 4] as const
/** In the order of trust: the first that a span has is the one it was joined by. */
export type JoinRung = (typeof joinRungs)[number]

/**
 * `certain`: the goroutine and both ends are known, and where a file of spans was given, nothing else could be this
 * span. `probable`: the best of several, or found by time. `partial`: one of its ends lies outside the trace.
 */
export type JoinConfidence = 'certain' | 'probable' | 'partial'

/** A span as its exporter gave it. Ids in lower-case hexadecimal digits. */
export type KnownSpan = {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
  readonly service?: string
  /** `code.function.name`, where the span has it. */
  readonly function?: string
}

/** Never overlap, and add up to the length of the span. */
export type SpanStates = StateTimes & {
  /** The trace does not say: before the goroutine's first event, or across damage. */
  readonly unknownNs: number
  /** The goroutine had ended, the span had not. */
  readonly goneNs: number
}

export type JoinedSpan = {
  /** As the trace has it: the name it was started with. '' where only its end was seen. */
  readonly name: string
  readonly traceId?: string
  readonly spanId?: string
  /** Id of its runtime/trace task. */
  readonly task?: number
  /** It was started on this one. Of a span from before the trace: it was ended on this one. */
  readonly goroutine: number
  /** Where it was ended on another. */
  readonly endGoroutine?: number
  readonly startNs: number
  readonly durationNs: number
  readonly rung: JoinRung
  readonly confidence: JoinConfidence
  /** What keeps it from being certain. */
  readonly doubts: readonly string[]
  /** Of the goroutine that it was started on, within its bounds. */
  readonly states: SpanStates
  /** Time that this goroutine helped the collector, running or waiting: within the states above. */
  readonly assistNs: number
  /** Goroutines made under it, by whomever, while it lasted; their time until its end. */
  readonly created: StateTimes & { readonly count: number }
}

export type SpanNameRow = StateTimes & {
  readonly name: string
  readonly count: number
  readonly ns: number
  readonly maxNs: number
  readonly partialCount: number
  readonly createdCount: number
  readonly createdNs: number
}

/** `join` of `timeline --json`. */
export type JoinSummary = {
  /** The best rung that any span was joined by; 4 where the trace has neither ids nor tasks of an SDK. */
  readonly rung: JoinRung
  /** Spans seen in the trace; where a file of spans was given, those of the file within the trace's time. */
  readonly spans: number
  readonly certain: number
  readonly probable: number
  readonly partial: number
  /** Of the file: in the trace's time, and of no goroutine in it. */
  readonly unmatched?: number
  /** Of the file: outside the trace's time. */
  readonly outside?: number
  readonly byRung?: Readonly<Record<string, number>>
  /** By name, largest sum first. */
  readonly names?: readonly SpanNameRow[]
  /** The longest, longest first. */
  readonly longest?: readonly JoinedSpan[]
  /** What a bound cut off, by what. */
  readonly omitted?: Readonly<Record<string, number>>
}

export type SpanFrame = { readonly function: string; readonly file?: string; readonly line?: number }
export type SpanStack = {
  readonly frames: readonly SpanFrame[]
  /** Index of the first frame that is the user's, where one is. */
  readonly userFrame?: number
}

export type SpanWaker = {
  /** Absent: no goroutine; a timer, the network poller or the runtime. */
  readonly goroutine?: number
  readonly startFunction?: string
  readonly stack?: SpanStack
}

/** Waits of one reason at one stack. */
export type SpanWaitRow = {
  readonly state: 'waiting' | 'runnable' | 'syscall'
  /** Block reason, or why it was runnable; '' where the trace has none. */
  readonly reason: string
  readonly waitClass: WaitClass
  readonly ns: number
  readonly count: number
  readonly maxNs: number
  readonly blind: boolean
  readonly stack: SpanStack
}

/** What led to the end of a wait, or of the span: last to happen last. */
export type SpanPathStep = {
  readonly goroutine: number
  readonly startFunction?: string
  readonly state: string
  readonly reason?: string
  readonly startNs: number
  readonly ns: number
  readonly stack: SpanStack
  /** With the end of this step it woke, or made, this goroutine. */
  readonly woke?: number
}

export type SpanStay = {
  readonly goroutine: number
  readonly state: 'waiting' | 'runnable' | 'syscall'
  readonly reason: string
  readonly waitClass: WaitClass
  readonly startNs: number
  readonly ns: number
  readonly stack: SpanStack
  /** Of a wait that ended within the span. */
  readonly wokenBy?: SpanWaker
  /** What others did while it waited, so that it could end; absent where nobody in the trace ended it. */
  readonly path?: readonly SpanPathStep[]
}

export type SpanCreatedGroup = StateTimes & { readonly startFunction: string; readonly count: number }

export type SpanCreatedRow = StateTimes & {
  readonly goroutine: number
  readonly startFunction: string
  readonly createdBy: number
  readonly startNs: number
  /** To its end or the span's. */
  readonly ns: number
  readonly ended: boolean
  /** What it mostly waited for, where it mostly waited. */
  readonly mostly?: { readonly reason: string; readonly waitClass: WaitClass; readonly ns: number; stack: SpanStack }
}

export type SpanCandidate = {
  readonly name: string
  readonly task?: number
  readonly goroutine: number
  readonly startNs: number
  readonly durationNs: number
  /** How far its ends are from the span's. */
  readonly startOffNs?: number
  readonly endOffNs?: number
}

/** `span` of `timeline --span ID --json`. */
export type SpanAnswer = Omit<JoinedSpan, 'goroutine' | 'states' | 'created' | 'assistNs' | 'confidence'> & {
  /** Absent on rung 4: nothing was joined. */
  readonly confidence?: JoinConfidence
  readonly asked: string
  readonly kind: 'span' | 'task' | 'region'
  readonly parentSpanId?: string
  readonly service?: string
  /** How many had that name; the longest is told. */
  readonly sameName?: number
  /** Others that it could be. */
  readonly candidates: readonly SpanCandidate[]
  /** Of the file: its own times, against those of the trace. */
  readonly reported?: {
    readonly startNs: number
    readonly durationNs: number
    /** Length in the trace minus length in the file. */
    readonly differenceNs: number
  }
  /** By how much times of the file and of the trace may differ for the clock's sake; absent without a wall clock. */
  readonly clockErrorNs?: number
  /** Absent on rung 4: only candidates are known. */
  readonly goroutine?: number
  readonly startFunction?: string
  readonly states?: SpanStates
  readonly assistNs?: number
  /** Part of the span in which the world was stopped. */
  readonly stoppedNs?: number
  /** What the states add up to. */
  readonly sumNs?: number
  /** Share of the length whose state and reason are known. */
  readonly explainedRatio?: number
  readonly unexplained: readonly { readonly ns: number; readonly why: string }[]
  /** Time of its goroutine by state, in equal parts of the span. */
  readonly bar?: { readonly binNs: number } & Readonly<Record<keyof StateTimes, readonly number[]>>
  /** Largest first. */
  readonly waits: readonly SpanWaitRow[]
  /** The longest stays of its own goroutine, each with what ended it. */
  readonly longest: readonly SpanStay[]
  readonly created?: StateTimes & {
    readonly count: number
    readonly groups: readonly SpanCreatedGroup[]
    /** Those with the most time, most first. */
    readonly goroutines: readonly SpanCreatedRow[]
  }
  /** From the span's begin to its end, who did what so that it could end; the last steps where it was cut. */
  readonly path: readonly SpanPathStep[]
  readonly pathCut?: boolean
  /** Of its task, or on its goroutine, within its bounds. */
  readonly regions: readonly {
    readonly name: string
    readonly goroutine: number
    readonly startNs: number
    readonly ns: number
    readonly open: boolean
  }[]
  readonly logs: readonly {
    readonly timeNs: number
    readonly goroutine: number
    readonly category: string
    readonly message: string
  }[]
  readonly omitted: Readonly<Record<string, number>>
}
