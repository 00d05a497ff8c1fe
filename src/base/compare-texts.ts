/** The order of texts by their UTF-16 units: the same on every machine and in every locale, for what is written to files. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
