/** What the command line is handed by main.ts: the use cases with their engines already inside. */

export type CliDeps = {
  readonly version: string
}
