import type { Chance } from './chance'

/*
 * JSON as text, never as a value: numbers that no double holds, a name that comes twice and `__proto__` are lost in one.
 */

const NAMES_OF_PROTOTYPES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']

const ODD_TEXTS = [
  ...[
    '',
    ' ',
    '\0',
    'a\0b',
    '\n',
    '\r\n',
    '\t',
    '\u007f',
    '\u0085',
    '\u2028',
    '\u2029',
    '\ufeff',
    '\ufffe',
    '\uffff',
  ],
  // Order and marks of writing: what is shown is not what it is.
  ...[
    '\u202eecila',
    '\u2066ada\u2069',
    '\u200eada',
    '\u061c',
    'a\u200db',
    'a\u0301',
    '\u0430da',
    'Ada\u200b',
  ],
  ...[
    '\ud800',
    '\udc00',
    'x\ud83d',
    '\ude00x',
    '\ud83d\ud83d',
    '\ude00\ud83d',
    '😀',
    '👩‍👩‍👧‍👦',
    'ﷺ',
    'Z̷̡̛̦a̶l̵g̸o̷',
  ],
  ...[
    'null',
    'true',
    '0',
    '-1',
    'NaN',
    '[object Object]',
    '{}',
    '[]',
    '%00',
    '%s%n',
    '../../etc/passwd',
    '$where',
  ],
  ...['<script>', "' OR 1=1 --", '$(id)', '{{7*7}}', '\\', '"', '\\u0000', '*', 'room:*', '{room}', 'EVAL'],
]

const ODD_NUMBERS = [
  ...['0', '-0', '1', '-1', '0.1', '1e-400', '5e-324', '1e308', '1e309', '1e400', '-1e400', '1E+99999'],
  ...['2147483647', '2147483648', '-2147483649', '4294967296', '9007199254740991', '9007199254740993'],
  ...['9'.repeat(30), '9'.repeat(400), `0.${'0'.repeat(300)}1`, '1e0000000000001'],
  // None in JSON.
  ...['01', '+1', '.5', '1.', '1e', '0x10', '1_000', 'NaN', 'Infinity', '-Infinity', '1n', '--1'],
]

const NO_JSON = [
  'undefined',
  'nul',
  'True',
  "'a'",
  '/**/1',
  '1,',
  ',',
  ':',
  '"',
  '"\\',
  '"\\u12',
  '\\u0061',
  '\u00a0',
]

/** A text, of any characters that JavaScript has. */
export function anyText(chance: Chance): string {
  return chance.weighted<() => string>([
    [6, () => chance.pick(ODD_TEXTS)],
    [3, () => chance.pick(NAMES_OF_PROTOTYPES)],
    [
      4,
      () =>
        Array.from({ length: chance.length() }, () => String.fromCharCode(97 + chance.below(26))).join(''),
    ],
    [2, () => String.fromCharCode(...Array.from({ length: chance.below(12) }, () => chance.below(0x10000)))],
    [1, () => chance.pick([...ODD_TEXTS, 'a', 'é', '€']).repeat(chance.length())],
  ])()
}

/** As a JSON string; what has to be escaped mostly is. */
export function quoted(chance: Chance, text: string): string {
  if (chance.oneIn(12)) return `"${text}"`
  const json = JSON.stringify(text)
  return chance.oneIn(8)
    ? json.replace(/[a-z:_]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : json
}

export function anyNumber(chance: Chance): string {
  return chance.weighted<() => string>([
    [3, () => chance.pick(ODD_NUMBERS)],
    [2, () => String(chance.below(10))],
    [1, () => String((chance.next() - 0.5) * 10 ** chance.below(40))],
  ])()
}

/** A value as text. Rarely none that can be parsed. */
export function anyValue(chance: Chance, depth = 3): string {
  return chance.weighted<() => string>([
    [4, () => quoted(chance, anyText(chance))],
    [3, () => anyNumber(chance)],
    [3, () => chance.pick(['null', 'true', 'false', '{}', '[]', '""'])],
    [depth > 0 ? 3 : 0, () => anyObject(chance, [], depth - 1)],
    [depth > 0 ? 2 : 0, () => anyArray(chance, depth - 1)],
    [1, () => nested(chance)],
    [1, () => (chance.oneIn(3) ? chance.pick(NO_JSON) : 'null')],
  ])()
}

/** An object of these fields and some that nobody asked for, one of which may come twice. */
export function anyObject(
  chance: Chance,
  fields: readonly (readonly [name: string, value: string])[] = [],
  depth = 2,
): string {
  const own = fields.filter(() => !chance.oneIn(10))
  const more = Array.from(
    { length: chance.below(4) },
    () => [anyText(chance), anyValue(chance, depth)] as const,
  )
  const all = chance.oneIn(3) ? [...own, ...more] : [...own]
  const [first] = all
  if (first && chance.oneIn(12)) all.push([first[0], anyValue(chance, depth)])
  if (chance.oneIn(20)) all.reverse()
  return `{${all.map(([name, value]) => `${quoted(chance, name)}:${value}`).join(',')}}`
}

export function anyArray(chance: Chance, depth = 2): string {
  const length = chance.oneIn(40) ? 500 : chance.below(6)
  return `[${Array.from({ length }, () => anyValue(chance, depth)).join(',')}]`
}

/** Brackets within brackets, sometimes left open. */
function nested(chance: Chance): string {
  const depth = chance.pick([2, 20, 31, 32, 33, 40, 260, 5000])
  const [open, close] = chance.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"a":', '}]'],
  ] as const)
  return `${open.repeat(depth)}${chance.oneIn(10) ? '' : '1'}${chance.oneIn(8) ? '' : close.repeat(depth)}`
}
