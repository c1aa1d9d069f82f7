import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../testing-support/virtual-clock'
import { bytesWrittenTo, isAnswered, UnansweredUpgrades } from './unanswered-upgrades'

class TestSocket extends PassThrough {
  bytesWritten = 7
}

function open({ max = 10, maxPerAddress = 10 } = {}) {
  const clock = new VirtualClock()
  const upgrades = new UnansweredUpgrades({ clock, timeoutMs: 1000, max, maxPerAddress })
  const watch = (address: string | null = null) => {
    const socket = new TestSocket()
    upgrades.watch(socket, bytesWrittenTo(socket), address)
    return socket
  }
  return { clock, upgrades, watch }
}

describe('[S-46] an upgrade that is left to others', () => {
  test('is cut off where nobody answers in time', async () => {
    const { clock, upgrades, watch } = open()
    const socket = watch()
    await clock.advance(999)
    expect([socket.destroyed, upgrades.size]).toEqual([false, 1])
    await clock.advance(1)
    expect([socket.destroyed, upgrades.size, clock.pendingCount]).toEqual([true, 0, 0])
  })

  test('is not counted where somebody answers within the turn', async () => {
    const { clock, upgrades, watch } = open()
    watch().bytesWritten++
    await clock.settle()
    expect([upgrades.size, clock.pendingCount]).toEqual([0, 0])
  })

  test('is left alone where somebody answers later', async () => {
    const { clock, upgrades, watch } = open()
    const socket = watch()
    await clock.advance(500)
    socket.bytesWritten++
    await clock.advance(5000)
    expect([socket.destroyed, upgrades.size]).toEqual([false, 0])
  })

  test('is forgotten when its peer goes', async () => {
    const { clock, upgrades, watch } = open()
    const socket = watch()
    await clock.settle()
    socket.destroy()
    await new Promise((resolve) => socket.once('close', resolve))
    expect([upgrades.size, clock.pendingCount]).toEqual([0, 0])
  })

  test('goes first where there are too many, in all or of its address, unless it has been answered', async () => {
    const { clock, watch } = open({ max: 3, maxPerAddress: 2 })
    const own = [watch('192.0.2.7'), watch('192.0.2.7')]
    await clock.settle()
    own[0]!.bytesWritten++
    const third = watch('192.0.2.7')
    const fourth = watch('192.0.2.7')
    await clock.settle()
    expect([...own, third, fourth].map(({ destroyed }) => destroyed)).toEqual([false, true, false, false])
    const others = [watch(), watch()]
    await clock.settle()
    expect([third, fourth, ...others].map(({ destroyed }) => destroyed)).toEqual([true, false, false, false])
  })
})

describe('[S-93] when the server closes', () => {
  test('what nobody has answered is cut off, and no timer is left', async () => {
    const { clock, upgrades, watch } = open()
    const [unanswered, answered] = [watch('192.0.2.7'), watch()]
    await clock.settle()
    answered!.bytesWritten++
    upgrades.close()
    expect([unanswered!.destroyed, answered!.destroyed]).toEqual([true, false])
    expect([upgrades.size, clock.pendingCount]).toEqual([0, 0])
  })

  test('so is what is left to the others within that turn, unless they answer it', async () => {
    const { clock, upgrades, watch } = open()
    const [unanswered, answered] = [watch(), watch()]
    upgrades.close()
    answered!.bytesWritten++
    await clock.settle()
    expect([unanswered!.destroyed, answered!.destroyed]).toEqual([true, false])
    expect([upgrades.size, clock.pendingCount]).toEqual([0, 0])
  })
})

test('an upgrade is answered once something was written, or it was ended', () => {
  const socket = new TestSocket()
  expect(isAnswered(socket, 7)).toBe(false)
  socket.bytesWritten = 8
  expect([isAnswered(socket, 7), isAnswered(socket, 8)]).toEqual([true, false])
  socket.end()
  expect(isAnswered(socket, 8)).toBe(true)
})
