import { ServerError, type ServerErrorCode } from './errors'

/*
 *   checkOptions('grace.', {graceMs: '10', pageGrace: 1}, {graceMs: 'number', pageGraceMs: 'number'})
 *
 * Every object of options that a program hands to this package goes through here, so that a name or a type that was
 * mistaken is an error where it was written, and not a default that nobody asked for. Ranges are for each resolver.
 */

type Kind = 'string' | 'number' | 'boolean' | 'function' | 'object' | 'list' | 'null' | 'false' | 'anything'

/** What one option takes: a kind of value, options of its own, or one of several. */
export type OptionType = Kind | OptionTypes | readonly (Kind | OptionTypes)[]

export interface OptionTypes {
  readonly [name: string]: OptionType
}

/** What each option of an interface takes. One that is missing, or too many, does not compile. */
export type OptionsOf<T> = { readonly [K in keyof Required<T>]: OptionType }

/**
 * Throws `invalid_option`, unless told otherwise, for an option that is not known, with the nearest one that is, and for
 * a value of another type. An option that is undefined is not looked at. `prefix` goes before names, such as `grace.`.
 */
export function checkOptions(
  prefix: string,
  given: unknown,
  types: OptionTypes,
  code: ServerErrorCode = 'invalid_option',
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const what = prefix === '' ? 'Options' : prefix.replace(/[.: ]$/, '')
    throw new ServerError(code, `${what} must be an object, not ${described(given)}.`)
  }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(types, name)) throw new ServerError(code, unknownOption(prefix, name, types))
    if (value !== undefined) checkValue(`${prefix}${name}`, value, types[name] as OptionType, code)
  }
}

/** The options that have these defaults, of which the resolver checks the values. */
export function optionNamesOf<T extends object>(defaults: T): { readonly [K in keyof T]: 'anything' } {
  const types = Object.keys(defaults).map((name) => [name, 'anything'])
  return Object.fromEntries(types) as { [K in keyof T]: 'anything' }
}

function checkValue(name: string, value: unknown, type: OptionType, code: ServerErrorCode): void {
  const alternatives: readonly (Kind | OptionTypes)[] = isList(type) ? type : [type]
  const nested = alternatives.find((each) => typeof each === 'object')
  if (nested && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return checkOptions(`${name}.`, value, nested, code)
  }
  if (alternatives.some((each) => typeof each === 'string' && isOf(value, each))) return
  const takes = alternatives
    .map((each) => (typeof each === 'string' ? NAMES[each] : 'an object'))
    .join(' or ')
  throw new ServerError(code, `${name} must be ${takes}, not ${described(value)}.`)
}

const NAMES: Readonly<Record<Kind, string>> = {
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  function: 'a function',
  object: 'an object',
  list: 'an array',
  null: 'null',
  false: 'false',
  anything: 'anything',
}

function isOf(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'anything':
      return true
    case 'list':
      return Array.isArray(value)
    case 'null':
      return value === null
    case 'false':
      return value === false
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    default:
      return typeof value === kind
  }
}

/** The value, where it is short and surely no secret; else its type. */
function described(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'string' && value.length <= 8) return `the string ${JSON.stringify(value)}`
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function unknownOption(prefix: string, name: string, types: OptionTypes): string {
  const nearest = nearestOf(name, pathsOf('', types))
  const there =
    nearest === null ? `The options are ${Object.keys(types).join(', ')}` : `Did you mean ${prefix}${nearest}`
  return `There is no option ${JSON.stringify(prefix + name)}. ${there}${nearest === null ? '.' : '?'}`
}

/** The names of the options, and of those within them. */
function pathsOf(prefix: string, types: OptionTypes): string[] {
  return Object.entries(types).flatMap(([name, type]) => {
    const alternatives: readonly (Kind | OptionTypes)[] = isList(type) ? type : [type]
    const nested = alternatives.flatMap((each) =>
      typeof each === 'object' ? pathsOf(`${prefix}${name}.`, each) : [],
    )
    return [`${prefix}${name}`, ...nested]
  })
}

/** The one that takes the fewest changes of a letter to be this name, or to end in it; null where that is too many. */
function nearestOf(name: string, paths: readonly string[]): string | null {
  let [nearest, fewest]: [string | null, number] = [null, Math.max(2, Math.floor(name.length / 3)) + 1]
  for (const path of paths) {
    const own = path.slice(path.lastIndexOf('.') + 1)
    const changes = distance(name.toLowerCase(), own.toLowerCase())
    if (changes < fewest) [nearest, fewest] = [path, changes]
  }
  return nearest
}

/** Letters to be added, dropped or replaced (Levenshtein). Long names are not worth it. */
function distance(from: string, to: string): number {
  if (from.length > 64) return Number.POSITIVE_INFINITY
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[to.length] as number
}

function isList(type: OptionType): type is readonly (Kind | OptionTypes)[] {
  return Array.isArray(type)
}
