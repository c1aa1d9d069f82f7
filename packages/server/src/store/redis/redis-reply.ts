import type { RedisReply } from './redis-port'

/*
 * Replies of scripts, checked. A proxy, another program or an operator may have changed the keys that a script reads, so a
 * reply may have any shape. (S-111)
 */

/** A script replied with a value of another shape than it replies in this version. */
export class UnreadableReply extends Error {
  override readonly name = 'UnreadableReply'

  constructor(wanted: string) {
    super(`A script in Redis replied without ${wanted}. Does another program write to keys of this prefix?`)
  }
}

export function listIn(reply: RedisReply | undefined, what: string): readonly RedisReply[] {
  if (!Array.isArray(reply)) throw new UnreadableReply(what)
  return reply
}

export function textsIn(reply: RedisReply | undefined, what: string): string[] {
  return listIn(reply, what).map((one) => textIn(one, what))
}

export function textIn(reply: RedisReply | undefined, what: string): string {
  if (typeof reply !== 'string') throw new UnreadableReply(what)
  return reply
}

/** A whole number from 0, as a number or as its digits. */
export function countIn(reply: RedisReply | undefined, what: string): number {
  const count = typeof reply === 'string' && /^\d+$/.test(reply) ? Number(reply) : reply
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) throw new UnreadableReply(what)
  return count
}

/** The texts of a flat list, two at a time. */
export function pairsIn(reply: RedisReply | undefined, what: string): [string, string][] {
  const texts = textsIn(reply, what)
  const pairs: [string, string][] = []
  for (let i = 0; i + 1 < texts.length; i += 2) pairs.push([texts[i] as string, texts[i + 1] as string])
  return pairs
}
