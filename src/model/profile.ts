/**
 * A pprof profile as columns: every sample type verbatim, labels, inlined lines, mappings, comments.
 * 64-bit ids of the file are interned to dense indices at decode; addresses keep all 64 bits.
 * Source: github.com/google/pprof proto/profile.proto.
 *
 *   sample ──► locations (leaf first) ──► lines (innermost inlined call first) ──► functions ──► strings
 */

export type SampleType = { readonly type: string; readonly unit: string }

export type Profile = {
  readonly sampleTypes: readonly SampleType[]
  /** Name of the sample type to show first, '' when the file does not say. */
  readonly defaultSampleType: string
  readonly periodType?: SampleType
  readonly period?: bigint
  /** Unix ns; absent when the file does not say. */
  readonly timeNs?: bigint
  readonly durationNs?: bigint
  readonly dropFrames: string
  readonly keepFrames: string
  readonly docUrl: string
  readonly comments: readonly string[]
  readonly strings: readonly string[]

  readonly sampleCount: number
  /** values[sample * sampleTypes.length + type]; exact 64-bit. */
  readonly values: BigInt64Array
  /** Location indices of sample s, leaf first: sampleLocations[locationStart[s] .. locationStart[s+1]). */
  readonly locationStart: Uint32Array
  readonly sampleLocations: Uint32Array
  /** Labels of sample s: labelStart[s] .. labelStart[s+1] in the label columns. */
  readonly labelStart: Uint32Array
  readonly labelKeys: Uint32Array
  /** String index of a string label; 0 for numeric ones. */
  readonly labelStrings: Uint32Array
  readonly labelNumbers: BigInt64Array
  readonly labelUnits: Uint32Array
  /** 1 where the label is numeric (a numeric 0 is not "no label"). */
  readonly labelIsNumber: Uint8Array

  readonly locationCount: number
  readonly locationAddresses: BigUint64Array
  /** Mapping index + 1; 0 = none. */
  readonly locationMappings: Uint32Array
  readonly locationFolded: Uint8Array
  /** Lines of location l: lineStart[l] .. lineStart[l+1]; the last is the caller that the others were inlined into. */
  readonly lineStart: Uint32Array
  readonly lineFunctions: Uint32Array
  readonly lineNumbers: Float64Array
  readonly lineColumns: Float64Array

  readonly functionCount: number
  readonly functionNames: Uint32Array
  readonly functionSystemNames: Uint32Array
  readonly functionFiles: Uint32Array
  readonly functionStartLines: Float64Array

  readonly mappings: readonly ProfileMapping[]
}

export type ProfileMapping = {
  readonly memoryStart: bigint
  readonly memoryLimit: bigint
  readonly fileOffset: bigint
  readonly filename: string
  readonly buildId: string
  readonly hasFunctions: boolean
  readonly hasFilenames: boolean
  readonly hasLineNumbers: boolean
  readonly hasInlineFrames: boolean
}
