/**
 * What was lost, gathered trace by trace: per owner and by whether the owner is wholly missing from the trace. Of the
 * orphans that name one missing parent each counts as seen, and the parent once.
 */

export type Loss = {
  /** The orphan. */
  readonly row: number
  readonly trace: number
  /** Service that should have exported the parent; -1: not known. */
  readonly owner: number
  /** Operation that the parent usually is; -1: not known. */
  readonly parent: number
  readonly remote: boolean
  /** The owner has no span in the trace. */
  readonly isAbsent: boolean
  /** Nothing of the trace begins before. */
  readonly isFirst: boolean
}

export type LossProfile = {
  readonly owner: number
  readonly isAbsent: boolean
  readonly losses: Loss[]
  /** Traces of it in which another owner is wholly missing, too. */
  together: number
  traces: number
}

export class LossProfiles {
  readonly known = new Map<number, LossProfile>()
  /** By operation of the orphan, where no owner is known. */
  readonly unknown: Loss[] = []

  /** All losses of one trace. */
  add(losses: readonly Loss[]): void {
    const absent = new Set<number>()
    const touched = new Set<LossProfile>()
    for (const loss of losses) {
      if (loss.owner < 0) {
        this.unknown.push(loss)
        continue
      }
      if (loss.isAbsent) absent.add(loss.owner)
      const profile = this.profileOf(loss.owner, loss.isAbsent)
      profile.losses.push(loss)
      touched.add(profile)
    }
    for (const profile of touched) {
      profile.traces++
      if (absent.size > (profile.isAbsent ? 1 : 0)) profile.together++
    }
  }

  private profileOf(owner: number, isAbsent: boolean): LossProfile {
    const key = owner * 2 + (isAbsent ? 1 : 0)
    const found = this.known.get(key)
    if (found !== undefined) return found
    const made: LossProfile = { owner, isAbsent, losses: [], together: 0, traces: 0 }
    this.known.set(key, made)
    return made
  }
}
