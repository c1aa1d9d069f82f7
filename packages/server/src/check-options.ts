import { ServerError, type ServerErrorCode } from './errors'

/*
 *   checkOptions('grace.', {graceMs: '10', pageGrace: 1}, {graceMs: 'number', pageGraceMs: 'number'})
 *
 * Every options object of this package is checked here, so that a wrong name or type throws at once instead of silently
 * leaving a default in place. Each resolver checks the ranges of its own options. The table is our own, because the package
 * has no schema library that it could use for these few checks.
 */

type Kind = 'string' | 'number' | 'boolean' | 'function' | 'object' | 'list' | 'null' | 'false' | 'anything'

/** The type of an option: a kind of value, nested options, or several alternatives. */
export type OptionType = Kind | OptionTypes | readonly (Kind | OptionTypes)[]

export interface OptionTypes {
  readonly [name: string]: OptionType
}

/** The types of all options of an interface. A missing or an unknown name does not compile. */
export type OptionsOf<T> = { readonly [K in keyof Required<T>]: OptionType }

/**
 * Throws for an unknown option, and suggests the nearest known one, and for a value of the wrong type. Undefined values are
 * ignored. `prefix` precedes the names in the message, such as `grace.`; `code` is the code of the error.
 */
export function checkOptions(
  prefix: string,
  options: unknown,
  types: OptionTypes,
  code: ServerErrorCode = 'invalid_option',
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const subject = prefix === '' ? 'Options' : prefix.replace(/[.: ]$/, '')
    throw new ServerError(code, `${subject} must be an object, not ${described(options)}.`)
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(types, name)) throw new ServerError(code, unknownOption(prefix, name, types))
    if (value !== undefined) checkValue(`${prefix}${name}`, value, types[name] as OptionType, code)
  }
}

/** Returns types for the options with these defaults, whose values the resolver checks. */
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

/** Returns the value if it is too short to be a secret, and else its type. */
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

/** Returns the names of all options, including nested ones. */
function pathsOf(prefix: string, types: OptionTypes): string[] {
  return Object.entries(types).flatMap(([name, type]) => {
    const alternatives: readonly (Kind | OptionTypes)[] = isList(type) ? type : [type]
    const nested = alternatives.flatMap((each) =>
      typeof each === 'object' ? pathsOf(`${prefix}${name}.`, each) : [],
    )
    return [`${prefix}${name}`, ...nested]
  })
}

/** Returns the known name with the smallest edit distance, or null if all are too different. */
function nearestOf(name: string, paths: readonly string[]): string | null {
  let [nearest, fewest]: [string | null, number] = [null, Math.max(2, Math.floor(name.length / 3)) + 1]
  for (const path of paths) {
    const own = path.slice(path.lastIndexOf('.') + 1)
    const changes = distance(name.toLowerCase(), own.toLowerCase())
    if (changes < fewest) [nearest, fewest] = [path, changes]
  }
  return nearest
}

/** The Levenshtein distance; infinite for long names, which would take too much time. */
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
