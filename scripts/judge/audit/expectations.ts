/**
 * What an analysistest suite expects: `// want "regexp" …` comments. Enters: a file's text. Leaves: the lines on which a
 * diagnostic is expected, with the patterns; facts (`want name:"…"`) are no diagnostics. Follows the documentation of
 * golang.org/x/tools/go/analysis/analysistest.
 */
export type Expectation = { readonly line: number; readonly patterns: readonly string[] }

const comment = /\/\/.*?\bwant(?:\+(\d+))?\s+(.*)$/

export function readExpectations(text: string): Expectation[] {
  const found: Expectation[] = []
  text.split('\n').forEach((lineText, index) => {
    const match = comment.exec(lineText)
    if (match === null) return
    const patterns = readPatterns(match[2] ?? '')
    if (patterns.length > 0) found.push({ line: index + 1 + Number(match[1] ?? 0), patterns })
  })
  return found
}

/** Quoted strings one after another; what has a name and a colon before it is a fact. */
function readPatterns(text: string): string[] {
  const patterns: string[] = []
  let rest = text.trimStart()
  while (rest !== '') {
    const match = /^(?:([\w$]+):)?("(?:[^"\\]|\\.)*"|`[^`]*`)\s*/.exec(rest)
    if (match === null) break
    if (match[1] === undefined) patterns.push((match[2] as string).slice(1, -1))
    rest = rest.slice(match[0].length)
  }
  return patterns
}
