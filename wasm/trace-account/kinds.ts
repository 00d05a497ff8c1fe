/** Kinds of events, as src/model/trace-kinds.ts has them. */
export const ProcsChange: u32 = 9
export const ProcStart: u32 = 10
export const ProcStop: u32 = 11
export const ProcSteal: u32 = 12
export const ProcStatus: u32 = 13
export const GoCreate: u32 = 14
export const GoCreateSyscall: u32 = 15
export const GoStart: u32 = 16
export const GoDestroy: u32 = 17
export const GoDestroySyscall: u32 = 18
export const GoStop: u32 = 19
export const GoBlock: u32 = 20
export const GoUnblock: u32 = 21
export const GoSyscallBegin: u32 = 22
export const GoSyscallEnd: u32 = 23
export const GoSyscallEndBlocked: u32 = 24
export const GoStatus: u32 = 25
export const GCSweepActive: u32 = 31
export const GCSweepBegin: u32 = 32
export const GCSweepEnd: u32 = 33
export const GCMarkAssistActive: u32 = 34
export const GCMarkAssistBegin: u32 = 35
export const GCMarkAssistEnd: u32 = 36
export const GoLabel: u32 = 39
export const UserTaskBegin: u32 = 40
export const UserTaskEnd: u32 = 41
export const UserRegionBegin: u32 = 42
export const UserRegionEnd: u32 = 43
export const UserLog: u32 = 44
export const GoSwitch: u32 = 45
export const GoSwitchDestroy: u32 = 46
export const GoCreateBlocked: u32 = 47
export const GoStatusStack: u32 = 48

/** Whether the first argument is a goroutine. */
export function namesGoroutine(kind: u32): bool {
  return (
    kind == GoCreate ||
    kind == GoStart ||
    kind == GoUnblock ||
    kind == GoStatus ||
    kind == GoCreateSyscall ||
    kind == GCMarkAssistActive ||
    (kind >= GoSwitch && kind <= GoStatusStack)
  )
}
