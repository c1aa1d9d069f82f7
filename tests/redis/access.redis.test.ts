// What a node may do in Redis, and what it says of how it got in.

import type { Logger } from '@rollcall/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDocument } from '../docs/markdown'
import { converge, Member, soon } from './support/member'
import { RedisServer } from './support/redis-server'

const SECRET = 'correct-horse'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.dispose())

/** Everything that was logged, as text. */
class TextLog implements Logger {
  readonly lines: string[] = []
  debug = (context: object, message: string) => this.#add(context, message)
  info = (context: object, message: string) => this.#add(context, message)
  warn = (context: object, message: string) => this.#add(context, message)
  error = (context: object, message: string) => this.#add(context, message)

  #add(context: object, message: string): void {
    // As loggers do: errors with their stack and whatever hangs on them.
    const seen = JSON.stringify(context, (_name, value) =>
      value instanceof Error
        ? { ...value, message: value.message, stack: value.stack, cause: value.cause }
        : value,
    )
    this.lines.push(`${message} ${seen}`)
  }
}

const withUser = (user: string, password: string) => `redis://${user}:${password}@127.0.0.1:${redis.port}`

describe('a user of Redis', () => {
  test('that may do what docs/reference/redis.md says, and nothing else, will do', async () => {
    const paragraph =
      /A user of an ACL needs[\s\S]*?\n\n/.exec(readDocument('docs/reference/redis.md').text)?.[0] ?? ''
    const [patterns = '', ...commands] = [...paragraph.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
    expect(commands.length).toBeGreaterThan(20)
    const rules = [...patterns.split(' '), '-@all', ...commands.map((name) => `+${name.toLowerCase()}`)]
    await redis.command('ACL', 'SETUSER', 'node', 'reset', 'on', `>${SECRET}`, ...rules)
    const log = new TextLog()
    const connection = withUser('node', SECRET)
    const [a, b] = [
      await Member.start('a', { connection, logger: log }),
      await Member.start('b', { connection, logger: log }),
    ]
    const [ref] = [await a.join(), await b.join()]
    await a.update(ref)
    const session = {
      id: 's',
      identityId: '',
      isGuest: true,
      dialect: 'zzz',
      instance: null,
      current: '',
      previous: null,
    }
    await a.store.sessions.save(session)
    expect(await b.store.sessions.claim(session, 1)).toBe(true)
    await soon(() => expect(a.taken).toEqual(['s']))
    await b.store.sessions.forget('s')
    await b.store.adopt('room:outage', `of ${ref}`)
    await a.store.publish('room:outage', { event: 'e', payload: 1 })
    expect(await b.store.count('room:outage')).toBe(2)
    await converge([a, b])
    await a.leave(await a.join())
    await b.store.handOff(100)
    await soon(() => expect(a.feed.refs).toEqual([]), 6000)
    expect(log.lines.filter((line) => !line.includes('a node is gone'))).toEqual([])
  })

  test('that is refused is told with the address, and its password is not', async () => {
    const log = new TextLog()
    const connection = withUser('nobody', SECRET)
    await expect(Member.start('x', { connection, logger: log })).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    expect(log.lines.join('\n')).toContain(`127.0.0.1:${redis.port}`)
    expect(log.lines.join('\n')).not.toContain(SECRET)
  })

  test('that is told as refused says nothing of it in its error', async () => {
    const failure = await Member.start('x', { connection: withUser('nobody', SECRET) }).catch(
      (error: unknown) => error,
    )
    const text = JSON.stringify(failure, Object.getOwnPropertyNames(failure))
    expect(text).toContain('store_unavailable')
    expect(text).not.toContain(SECRET)
  })
})
