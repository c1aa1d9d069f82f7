import { describe, expect, test } from 'vitest'
import { PendingSockets } from './pending-sockets'

class FakeSocket {
  isDestroyed = false

  destroy(): void {
    this.isDestroyed = true
  }
}

const some = (count: number) => Array.from({ length: count }, () => new FakeSocket())
const destroyed = (sockets: readonly FakeSocket[]) => sockets.map(({ isDestroyed }) => isDestroyed)

describe('[S-35] TCP connections without a request', () => {
  test('are bounded in all: of those that are too many, the oldest are cut off', () => {
    const pending = new PendingSockets<FakeSocket>({ max: 3, maxPerAddress: 9 })
    const sockets = some(5)
    for (const [i, socket] of sockets.entries()) pending.add(socket, i % 2 ? `address-${i}` : null)
    expect(pending.isCrowded).toBe(true)
    pending.trim()
    expect(destroyed(sockets)).toEqual([true, true, false, false, false])
    expect([pending.size, pending.isCrowded]).toEqual([3, false])
  })

  test('are bounded for each address, of which the oldest are cut off', () => {
    const pending = new PendingSockets<FakeSocket>({ max: 9, maxPerAddress: 2 })
    const [honest, ...flood] = some(6)
    if (honest) pending.add(honest, 'honest')
    for (const socket of flood) pending.add(socket, 'flood')
    expect(pending.isCrowded).toBe(true)
    pending.trim()
    expect(honest?.isDestroyed).toBe(false)
    expect(destroyed(flood)).toEqual([true, true, true, false, false])
    expect([pending.size, pending.isCrowded]).toEqual([3, false])
  })

  test('are left alone where they are not too many any more when it is looked', () => {
    const pending = new PendingSockets<FakeSocket>({ max: 2, maxPerAddress: 2 })
    const sockets = some(50)
    for (const socket of sockets) pending.add(socket, 'a')
    for (const socket of sockets) pending.remove(socket)
    pending.trim()
    expect(destroyed(sockets)).not.toContain(true)
    expect([pending.size, pending.isCrowded]).toEqual([0, false])
  })

  test('are counted on where one of several of an address has sent its request', () => {
    const pending = new PendingSockets<FakeSocket>({ max: 9, maxPerAddress: 2 })
    const [first, ...others] = some(4) as [FakeSocket, ...FakeSocket[]]
    pending.add(first, 'a')
    for (const socket of others.slice(0, 1)) pending.add(socket, 'a')
    pending.remove(first)
    for (const socket of others.slice(1)) pending.add(socket, 'a')
    pending.trim()
    expect(destroyed([first, ...others])).toEqual([false, true, false, false])
  })

  test('are too many at one more than they may be, and not before', () => {
    const pending = new PendingSockets<FakeSocket>({ max: 3, maxPerAddress: 2 })
    for (const [i, socket] of some(3).entries()) pending.add(socket, `address-${i % 2}`)
    expect(pending.isCrowded).toBe(false)
    pending.add(new FakeSocket(), null)
    expect(pending.isCrowded).toBe(true)
  })

  test('are not bounded by address where addresses are not counted', () => {
    const pending = new PendingSockets<FakeSocket>({ max: 9, maxPerAddress: 1 })
    const sockets = some(3)
    for (const socket of sockets) pending.add(socket, null)
    expect([pending.isCrowded, pending.addressCount]).toEqual([false, 0])
    pending.trim()
    expect(destroyed(sockets)).not.toContain(true)
  })

  test('[S-9] leave nothing of their address behind', () => {
    const pending = new PendingSockets<FakeSocket>({ max: 9, maxPerAddress: 1 })
    const [first, second, third] = some(3) as [FakeSocket, FakeSocket, FakeSocket]
    pending.add(first, 'a')
    pending.add(second, 'a')
    pending.add(third, 'b')
    expect(pending.addressCount).toBe(2)
    pending.remove(first)
    expect(pending.addressCount).toBe(2)
    pending.remove(second)
    pending.remove(third)
    expect(pending.addressCount).toBe(0)
  })

  test('are all cut off where the server closes', () => {
    const pending = new PendingSockets<FakeSocket>({ max: 9, maxPerAddress: 9 })
    const sockets = some(3)
    for (const [i, socket] of sockets.entries()) pending.add(socket, i % 2 ? 'a' : null)
    pending.clear()
    expect(destroyed(sockets)).toEqual([true, true, true])
    expect([pending.size, pending.addressCount]).toEqual([0, 0])
  })

  test('that have sent a request count no longer', () => {
    const pending = new PendingSockets<FakeSocket>({ max: 2, maxPerAddress: 2 })
    for (const socket of some(50)) {
      pending.add(socket, 'a')
      pending.remove(socket)
      pending.remove(socket)
      expect(pending.isCrowded).toBe(false)
    }
    expect(pending.size).toBe(0)
  })
})
