import type { DialectName } from '@rollcall/shared-protocol'
import type { Chance } from './chance'
import { anyNumber, anyObject, anyText, anyValue, quoted } from './json-text'

/*
 * What a client says, in each dialect's spelling: right in most places and wrong in some, so that what comes after the
 * first check is reached, too.
 */

/** What the texts of a frame may be taken from, beside those that are made up. */
export interface Vocabulary {
  readonly topics: readonly string[]
  readonly keys: readonly string[]
  /** Of sessions, long polls and identities. */
  readonly tokens: readonly string[]
}

export const PLAIN_VOCABULARY: Vocabulary = {
  topics: ['room:lobby', 'room:1'],
  keys: ['ada', 'bob'],
  tokens: ['', 's.t', 'aaaa.bbbb', 'a.b.c', `lp.1.${'0'.repeat(48)}`],
}

const SYSTEM_TOPICS = ['rollcall', 'phoenix']
const SYSTEM_EVENTS = ['heartbeat', 'hello', 'goodbye', 'refresh']
const EVENTS = [
  ...[
    'phx_join',
    'phx_join',
    'phx_leave',
    'presence_update',
    'presence_patch',
    'presence_sync',
    'get_presence',
  ],
  ...[
    'new_msg',
    'phx_reply',
    'phx_close',
    'phx_error',
    'presence_state',
    'presence_diff',
    'presence.online',
    'fault',
  ],
]
const VIX_TYPES = [
  'presence.join',
  'presence.leave',
  'presence.list',
  'presence.system',
  'presence.current',
  'chat',
]

/** The text of a frame. */
export function clientText(chance: Chance, dialect: DialectName, words: Vocabulary): string {
  if (dialect === 'vix') return vixText(chance, words)
  const isSystem = chance.oneIn(5)
  const topic = oddly(chance, chance.pick(isSystem ? SYSTEM_TOPICS : words.topics))
  const event = oddly(chance, chance.pick(isSystem ? SYSTEM_EVENTS : EVENTS))
  const payload = chance.oneIn(6) ? anyValue(chance) : payloadText(chance, words)
  const ref = refText(chance)
  const joinRef = chance.oneIn(2) ? 'null' : refText(chance)
  if (dialect === 'rollcall' || dialect === 'phoenix-v2') {
    const parts = [joinRef, ref, topic, event, payload]
    if (chance.oneIn(25)) parts.push(anyValue(chance))
    if (chance.oneIn(25)) parts.splice(chance.below(5), 1)
    return `[${parts.join(',')}]`
  }
  const fields: [string, string][] = [
    ['topic', topic],
    ['event', event],
    ['payload', payload],
    ['ref', ref],
    ['join_ref', joinRef],
  ]
  return anyObject(chance, fields)
}

function vixText(chance: Chance, words: Vocabulary): string {
  const user = anyObject(chance, [['user', oddly(chance, chance.pick(words.keys))]])
  return anyObject(chance, [
    ['type', oddly(chance, chance.pick(VIX_TYPES))],
    ['payload', chance.oneIn(5) ? anyValue(chance) : user],
  ])
}

function payloadText(chance: Chance, words: Vocabulary): string {
  const meta = () => (chance.oneIn(6) ? anyValue(chance) : anyObject(chance, [['n', anyNumber(chance)]]))
  const token = () => oddly(chance, chance.pick(words.tokens))
  const since = () =>
    anyObject(chance, [
      ['epoch', quoted(chance, anyText(chance))],
      ['seq', anyNumber(chance)],
    ])
  return anyObject(
    chance,
    chance.pick<() => [string, string][]>([
      () => [],
      () => [['meta', meta()]],
      () => [['patch', meta()]],
      () => [
        ['meta', meta()],
        ['presence_since', chance.oneIn(3) ? anyValue(chance) : since()],
      ],
      () => [
        ['token', token()],
        ['instance', oddly(chance, 'i7')],
      ],
      () => [
        ['params', anyObject(chance, [['user_id', oddly(chance, chance.pick(words.keys))]])],
        ['token', token()],
      ],
    ])(),
  )
}

function refText(chance: Chance): string {
  return chance.weighted<() => string>([
    [8, () => `"${chance.below(30)}"`],
    [2, () => String(chance.below(30))],
    [2, () => 'null'],
    [1, () => quoted(chance, anyText(chance))],
    [1, () => anyNumber(chance)],
    [1, () => anyValue(chance)],
  ])()
}

/** Mostly the text itself, sometimes another or something else. */
function oddly(chance: Chance, text: string): string {
  return chance.weighted<() => string>([
    [20, () => quoted(chance, text)],
    [1, () => quoted(chance, anyText(chance))],
    [1, () => quoted(chance, text + anyText(chance))],
    [1, () => anyValue(chance, 1)],
  ])()
}

/** A binary frame of Phoenix's V2. */
export function clientBytes(chance: Chance, words: Vocabulary): Buffer {
  const texts = [
    String(chance.below(30)),
    chance.oneIn(5) ? '' : String(chance.below(30)),
    chance.pick(words.topics),
    chance.pick(EVENTS),
  ].map((text) => Buffer.from(chance.oneIn(10) ? anyText(chance) : text))
  const kind = chance.oneIn(8) ? chance.below(256) : 0
  const lengths = texts.map(({ length }) => (chance.oneIn(20) ? chance.below(256) : length & 0xff))
  return Buffer.concat([Buffer.from([kind, ...lengths]), ...texts, chance.bytes(chance.length())])
}
