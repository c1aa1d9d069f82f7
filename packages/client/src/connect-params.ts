import { invalidArgument } from './errors'
import { notAnObject, refuse } from './json-argument'

/** Goes into the query string; a value that is null or undefined is left out. */
export type SocketParams = { readonly [name: string]: string | number | boolean | null | undefined }

/** Throws `invalid_argument` for what a query can't carry, without saying what it was. */
export function textsOf(params: SocketParams): ReadonlyMap<string, string> {
  refuse(notAnObject('The option params, or what it resolves to,', params))
  const texts = new Map<string, string>()
  for (const [name, value] of Object.entries(params)) {
    if (value === null || value === undefined) continue
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      const wanted = 'must be a string, a number, a boolean or null'
      throw invalidArgument(
        `The connect param ${JSON.stringify(name)} ${wanted}, not of type ${typeof value}.`,
      )
    }
    texts.set(name, String(value))
  }
  return texts
}
