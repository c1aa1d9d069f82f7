import { describe, expect, test } from 'vitest'
import { publicAddress, resolveEndpoint } from '../connection/endpoint'
import type { TabStorage } from '../io/session-storage'
import { SessionToken } from './session-token'

const endpoint = 'ws://test/socket'
const NAME = 'rollcall:session:ws://test/socket'

/** A tab's storage as its page sees it: another object after a reload, with the same items. */
class FakeStorage implements TabStorage {
  readonly items: Map<string, string>

  constructor(items: Iterable<[string, string]> = []) {
    this.items = new Map(items)
  }

  getItem(name: string): string | null {
    return this.items.get(name) ?? null
  }

  setItem(name: string, value: string): void {
    this.items.set(name, value)
  }

  removeItem(name: string): void {
    this.items.delete(name)
  }
}

const claimed = (storage: TabStorage | null, address = endpoint): SessionToken => {
  const token = new SessionToken(storage, address)
  token.restore()
  return token
}

describe('session token', () => {
  test('is none before there was one', () => {
    expect(new SessionToken(new FakeStorage(), endpoint).current).toBeNull()
    expect(claimed(new FakeStorage()).current).toBeNull()
  })

  test('[C-21] is kept in memory and in the tab, the latest of them', () => {
    const storage = new FakeStorage()
    const token = claimed(storage)
    token.save('a.1')
    token.save('a.2')
    expect([token.current, [...storage.items]]).toEqual(['a.2', [[NAME, 'a.2']]])
  })

  test('[C-21] is taken up by the page that is loaded again', () => {
    const storage = new FakeStorage()
    claimed(storage).save('a.1')
    const reloaded = new FakeStorage(storage.items)
    expect(new SessionToken(reloaded, endpoint).current).toBeNull()
    expect(claimed(reloaded).current).toBe('a.1')
  })

  test('[C-21] of two sockets on one page to one address, only the first uses the tab', () => {
    const storage = new FakeStorage([[NAME, 'a.1']])
    const first = claimed(storage)
    const second = claimed(storage)
    expect([first.current, second.current]).toEqual(['a.1', null])
    second.save('b.1')
    expect([second.current, storage.getItem(NAME)]).toEqual(['b.1', 'a.1'])
    second.clear()
    second.release()
    expect([second.current, storage.getItem(NAME)]).toEqual([null, 'a.1'])
    // Claiming goes on at each connection: the second one has its own from memory.
    second.save('b.2')
    second.restore()
    expect(second.current).toBe('b.2')
  })

  test('[C-21] sockets to other addresses, and other tabs, have theirs', () => {
    const storage = new FakeStorage([[NAME, 'a.1']])
    claimed(storage)
    expect(claimed(storage, 'ws://test/other').current).toBeNull()
    expect(claimed(storage, 'ws://elsewhere/socket').current).toBeNull()
    expect(claimed(new FakeStorage(storage.items)).current).toBe('a.1')
    expect(
      claimed(storage, publicAddress(resolveEndpoint('http://bob:pw@test/socket?user_id=bob'))).current,
    ).toBeNull()
  })

  test('claiming again does not go back to what the page before left', () => {
    const storage = new FakeStorage([[NAME, 'a.1']])
    const token = claimed(storage)
    token.clear()
    storage.setItem(NAME, 'x.1')
    token.restore()
    expect(token.current).toBeNull()
  })

  test('[C-21] forgotten, it is in neither place', () => {
    const storage = new FakeStorage()
    const token = claimed(storage)
    token.save('a.1')
    token.clear()
    expect([token.current, storage.items.size]).toEqual([null, 0])
    token.save('b.1')
    expect(storage.getItem(NAME)).toBe('b.1')
  })

  test('forgetting leaves alone what somebody else has stored since', () => {
    const storage = new FakeStorage()
    const token = claimed(storage)
    token.save('a.1')
    storage.setItem(NAME, 'a.2')
    token.clear()
    expect([token.current, storage.getItem(NAME)]).toEqual([null, 'a.2'])
  })

  test('released, another socket of the page may have the name', () => {
    const storage = new FakeStorage()
    const first = claimed(storage)
    first.save('a.1')
    first.release()
    expect([first.current, storage.items.size]).toEqual([null, 0])
    const second = claimed(storage)
    second.save('b.1')
    expect(storage.getItem(NAME)).toBe('b.1')
    first.restore()
    expect(first.current).toBeNull()
    second.release()
    first.restore()
    first.save('c.1')
    expect(storage.getItem(NAME)).toBe('c.1')
  })

  test('without a storage it lives in memory', () => {
    const token = claimed(null)
    token.save('a.1')
    expect(token.current).toBe('a.1')
    token.restore()
    expect(token.current).toBe('a.1')
    token.release()
    expect(token.current).toBeNull()
  })

  test('[C-21] a storage that throws costs the resume after a reload, and nothing more', () => {
    const refuse = (): never => {
      throw new Error('QuotaExceededError')
    }
    for (const broken of ['getItem', 'setItem', 'removeItem'] as const) {
      const storage = Object.assign(new FakeStorage(), { [broken]: refuse })
      const token = claimed(storage)
      token.save('a.1')
      expect(token.current).toBe('a.1')
      token.clear()
      expect(token.current).toBeNull()
      token.release()
      const next = claimed(storage)
      next.save('b.1')
      expect(next.current).toBe('b.1')
    }
  })
})
