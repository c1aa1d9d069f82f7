import type { Chance } from './chance'
import { anyNumber, anyObject, anyText, anyValue, quoted } from './json-text'

/*
 * What a server says to a client, in the native dialect and in Phoenix's: a client has to live with whatever calls
 * itself its server.
 */

const LEAVE_REASONS = ['left', 'closed', 'timeout', 'kicked', 'expired', 'replaced', 'node_lost', 'drained']
const EVENTS = ['phx_reply', 'phx_close', 'phx_error', 'presence_state', 'presence_diff', 'fault', 'new_msg']

/** The text of a frame of either. */
export function serverText(chance: Chance): string {
  const topic = text(chance, chance.pick(['room:lobby', 'rollcall', 'phoenix']))
  const event = chance.pick(EVENTS)
  const payload = chance.oneIn(6) ? anyValue(chance) : payloadText(chance, event)
  const parts = [refText(chance), refText(chance), topic, text(chance, event), payload]
  if (chance.oneIn(25)) parts.splice(chance.below(5), 1)
  return `[${parts.join(',')}]`
}

/** A binary frame of a Phoenix server. */
export function serverBytes(chance: Chance): Buffer {
  const kind = chance.oneIn(8) ? chance.below(256) : chance.below(3)
  const count = kind === 1 ? 4 : kind === 0 ? 3 : 2
  const texts = Array.from({ length: count }, () =>
    Buffer.from(
      chance.oneIn(6) ? anyText(chance) : chance.pick(['1', 'room:lobby', 'ok', 'error', 'new_msg', '']),
    ),
  )
  const lengths = texts.map(({ length }) => (chance.oneIn(15) ? chance.below(256) : length & 0xff))
  return Buffer.concat([Buffer.from([kind, ...lengths]), ...texts, chance.bytes(chance.length())])
}

function payloadText(chance: Chance, event: string): string {
  switch (event) {
    case 'phx_reply':
      return anyObject(chance, [
        ['status', text(chance, chance.pick(['ok', 'error', 'ignored']))],
        ['response', anyValue(chance)],
      ])
    case 'presence_state':
      return chance.oneIn(2) ? phoenixKeys(chance) : nativeState(chance)
    case 'presence_diff':
      return chance.oneIn(2) ? phoenixDiff(chance) : nativeDiff(chance)
    default:
      return anyObject(chance, [['reason', text(chance, 'kicked')]])
  }
}

function nativeState(chance: Chance): string {
  return anyObject(chance, [...position(chance), ['presences', list(chance, () => presence(chance))]])
}

function nativeDiff(chance: Chance): string {
  const ref = () => text(chance, chance.pick(['n1-0', 'n1-1']))
  const update = () =>
    anyObject(chance, [
      ['ref', ref()],
      ['rev', number(chance)],
      ['meta', meta(chance)],
    ])
  const leave = () =>
    anyObject(chance, [
      ['ref', ref()],
      ['key', text(chance, 'ada')],
      ['reason', text(chance, chance.pick(LEAVE_REASONS))],
    ])
  return anyObject(chance, [
    ...position(chance),
    ['base', number(chance)],
    ['joins', list(chance, () => presence(chance))],
    ['updates', list(chance, update)],
    ['leaves', list(chance, leave)],
  ])
}

function position(chance: Chance): [string, string][] {
  return [
    ['epoch', text(chance, 'n1-a')],
    ['seq', number(chance)],
    ['digest', number(chance)],
  ]
}

function presence(chance: Chance): string {
  return anyObject(chance, [
    ['ref', text(chance, chance.pick(['n1-0', 'n1-1', 'n2-0']))],
    ['key', text(chance, chance.pick(['ada', 'bob', '__proto__']))],
    ['meta', meta(chance)],
    ['rev', number(chance)],
  ])
}

function phoenixDiff(chance: Chance): string {
  return anyObject(chance, [
    ['joins', phoenixKeys(chance)],
    ['leaves', phoenixKeys(chance)],
  ])
}

function phoenixKeys(chance: Chance): string {
  const phxMeta = () =>
    anyObject(chance, [
      ['phx_ref', text(chance, chance.pick(['F1', 'F2']))],
      ['phx_ref_prev', text(chance, 'F1')],
      ['n', anyNumber(chance)],
    ])
  const metas = () => anyObject(chance, [['metas', list(chance, phxMeta)]])
  const keys = Array.from({ length: chance.below(4) }, () =>
    chance.pick(['ada', 'bob', '__proto__', 'constructor']),
  )
  return anyObject(
    chance,
    keys.map((key) => [key, chance.oneIn(10) ? anyValue(chance) : metas()] as [string, string]),
  )
}

function meta(chance: Chance): string {
  return chance.oneIn(8) ? anyValue(chance) : anyObject(chance, [['n', anyNumber(chance)]])
}

function list(chance: Chance, item: () => string): string {
  if (chance.oneIn(12)) return anyValue(chance)
  return `[${Array.from({ length: chance.below(4) }, item).join(',')}]`
}

function number(chance: Chance): string {
  return chance.oneIn(8)
    ? anyValue(chance, 1)
    : chance.oneIn(3)
      ? anyNumber(chance)
      : String(chance.below(50))
}

function refText(chance: Chance): string {
  return chance.oneIn(3) ? 'null' : chance.oneIn(6) ? anyValue(chance, 1) : `"${chance.below(30)}"`
}

function text(chance: Chance, usual: string): string {
  return chance.oneIn(15)
    ? anyValue(chance, 1)
    : chance.oneIn(15)
      ? quoted(chance, anyText(chance))
      : JSON.stringify(usual)
}
