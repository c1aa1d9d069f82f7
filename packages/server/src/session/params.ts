/** Connect params in a row, name and value by turns. A Map takes several times as much for each of very many sessions. */
export type PackedParams = readonly string[]

const NONE: PackedParams = []

export function packParams(params: ReadonlyMap<string, string>): PackedParams {
  if (params.size === 0) return NONE
  // Made at its length: an array that grows keeps room for more.
  const packed = new Array<string>(params.size * 2)
  let at = 0
  for (const [name, value] of params) {
    packed[at++] = name
    packed[at++] = value
  }
  return packed
}

export function unpackParams(packed: PackedParams): Map<string, string> {
  const params = new Map<string, string>()
  for (let i = 0; i < packed.length; i += 2) params.set(packed[i] as string, packed[i + 1] as string)
  return params
}
