/** What the account asks of JavaScript: names, classes, and lists that are rarely added to. */

/** Group of (start function: root of the first stack, creator: leaf of the second); -1 where the root is not known. */
@external("env", "findGroup")
export declare function findGroup(startStack: i32, stack: i32): i32

/** Address of the sketch for a new site; 0: none is left. */
@external("env", "openSite")
export declare function openSite(row: i32, group: i32, code: i32, stack: i32): u32

@external("env", "stopCodeOf")
export declare function stopCodeOf(reason: i32): i32

/** 1 where a label says that the goroutine works for the collector. */
@external("env", "isCollectorLabel")
export declare function isCollectorLabel(label: i32): i32

/** An event of a kind that is not handled here. */
@external("env", "stepRare")
export declare function stepRare(row: i32, kind: i32): void

@external("env", "noteLongRun")
export declare function noteLongRun(goroutine: f64, startNs: f64, ns: f64, stack: i32): void

@external("env", "noteUnknownWait")
export declare function noteUnknownWait(goroutine: f64, group: i32, ns: f64, stack: i32): void

/** A task as long as the least of the longest; gives the new least. */
@external("env", "noteLongTask")
export declare function noteLongTask(
  id: f64,
  parent: f64,
  name: i32,
  goroutine: f64,
  startNs: f64,
  ns: f64,
  isComplete: i32,
): f64

/** A goroutine is folded; asked for by `setTellsGoroutines`. */
@external("env", "noteGoroutine")
export declare function noteGoroutine(row: u32, hasEnded: i32): void
