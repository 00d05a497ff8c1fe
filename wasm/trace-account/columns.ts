/** Where the columns of a chunk begin: `chunkColumnOffsets` of src/model/trace.ts, which a test holds this against. */
const ROWS: usize = 8192

export const TIMES: usize = 0
export const GOROUTINES: usize = 16 * ROWS
export const ARG0: usize = 24 * ROWS
export const ARG1: usize = 32 * ROWS
export const ARG2: usize = 40 * ROWS
export const ARG3: usize = 48 * ROWS
export const PROCESSORS: usize = 56 * ROWS
export const SLOTS: usize = 60 * ROWS
export const TARGETS: usize = 64 * ROWS
export const GENERATIONS: usize = 68 * ROWS
export const KINDS: usize = 72 * ROWS
