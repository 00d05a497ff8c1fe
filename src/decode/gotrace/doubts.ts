/**
 * What is wrong with a trace, as it is found. In strict mode the first doubt ends reading, as in Go's reader; else it
 * becomes an issue and reading goes on with what is left.
 */
import { type Fault, fault } from '../../base/errors.ts'
import { type Issue, openIssueLog } from '../../model/issue.ts'

export type DoubtCode = 'SL_DECODE_MALFORMED' | 'SL_DECODE_TRUNCATED' | 'SL_DECODE_TOO_LARGE'

export class TraceDoubts {
  /** Set in strict mode by the first doubt. */
  fault: Fault | undefined
  /** The first doubt of any kind, as a fault. */
  first: Fault | undefined
  /** Set when events are missing. */
  isIncomplete = false
  generation = 0
  /** Place in the input of what callers count from. */
  baseOffset = 0
  readonly isStrict: boolean
  private readonly log = openIssueLog()

  constructor(isStrict: boolean) {
    this.isStrict = isStrict
  }

  /** True when reading may go on. */
  note(message: string, offset?: number, code: DoubtCode = 'SL_DECODE_MALFORMED', count = 1): boolean {
    this.isIncomplete = true
    return this.put(message, offset, code, count)
  }

  /** Something wrong that takes no event away; `count` times, first here. */
  quibble(message: string, offset: number, count = 1): void {
    this.put(message, offset, 'SL_DECODE_MALFORMED', count)
  }

  /** There is no memory to go on. */
  refuse(): false {
    this.isIncomplete = true
    const message = 'the execution trace: there is no memory for more of it'
    this.fault ??= fault('SL_DECODE_TOO_LARGE', { message, detail: { generation: this.generation } })
    return false
  }

  private put(message: string, offset: number | undefined, code: DoubtCode, count: number): boolean {
    const place = offset === undefined ? {} : { offset: offset + this.baseOffset }
    const where = this.generation === 0 ? '' : ` (generation ${this.generation})`
    const text = `the execution trace: ${message}${where}`
    if (this.first === undefined) {
      this.first = fault(code, { message: text, detail: { ...place, generation: this.generation } })
    }
    if (this.isStrict) {
      this.fault ??= this.first
      return false
    }
    this.log.add(code, text, { count, ...(offset === undefined ? {} : { at: place }) })
    return true
  }

  /** Something that the reference reader does not look at: an issue in either mode. */
  remark(message: string, offset: number): void {
    const text = `the execution trace: ${message} (generation ${this.generation})`
    this.log.add('SL_DECODE_MALFORMED', text, { severity: 'info', at: { offset } })
  }

  issues(): Issue[] {
    return this.log.list()
  }
}
