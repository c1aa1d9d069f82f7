import type { Frame } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { Packet } from '../io/packet'
import { VirtualClock } from '../testing-support/virtual-clock'
import { LongPollWire, type Poll, type PollStatus } from './longpoll-wire'

const packet = (...frames: Frame[]) => [new Packet(frames)]

class TestPoll implements Poll {
  status: PollStatus | null = null
  messages: readonly string[] = []
  answers = 0
  isCut = false

  answer(status: PollStatus, messages: readonly string[]): void {
    this.answers++
    this.status = status
    this.messages = messages
  }

  cut(): void {
    this.isCut = true
  }
}

function open() {
  const clock = new VirtualClock()
  const told: string[] = []
  /** What was queued at each drain. */
  const drains: number[] = []
  let isOver = false
  const onOver = () => {
    isOver = true
  }
  const wire = new LongPollWire({ clock, windowMs: 1000, closeTimeoutMs: 300, silenceMs: 700, onOver })
  wire.listen({
    onMessage: (data, isBinary, wireBytes) =>
      void told.push(isBinary ? `bytes ${data.length} of ${wireBytes}` : data.toString()),
    onNonMessageBytes: (bytes, isRefused) => void told.push(`${isRefused ? 'refused' : 'unread'} ${bytes}`),
    onPong: () => void told.push('pong'),
    onDrain: () => void drains.push(wire.bufferedBytes),
    onClose: (code, reason) => void told.push(`close ${code} ${reason}`),
  })
  const poll = () => {
    const one = new TestPoll()
    wire.poll(one)
    return one
  }
  return { clock, wire, told, drains, poll, isOver: () => isOver }
}

describe('what the server sends', () => {
  test('goes out with the poll that waits, at once and in one answer', () => {
    const { wire, poll } = open()
    const waiting = poll()
    expect(waiting.status).toBeNull()
    wire.send(packet('a', 'b'))
    expect(waiting).toMatchObject({ status: 200, messages: ['a', 'b'], answers: 1 })
  })

  test('is queued in order while none waits, and counted', () => {
    const { wire, poll } = open()
    wire.send(packet('a'))
    wire.send(packet('ü', 'c'))
    expect(wire.bufferedBytes).toBe(4)
    const first = poll()
    expect(first).toMatchObject({ status: 200, messages: ['a', 'ü', 'c'] })
    wire.progress(first, 0)
    expect(wire.bufferedBytes).toBe(0)
    expect(poll().status).toBeNull()
  })

  test('[S-9] counts against a slow reader, save a state', () => {
    const { wire } = open()
    expect(wire.send([...packet('ü', 'c'), new Packet(['a state'], true)])).toBe(3)
    expect(wire.bufferedBytes).toBe(10)
    wire.close(1013, '')
    expect(wire.send(packet('too late'))).toBe(0)
  })

  test('[S-9] is said to have left once the peer has taken it', async () => {
    const { clock, wire, drains, poll } = open()
    wire.send(packet('a'))
    const first = poll()
    await clock.settle()
    expect(drains).toEqual([])
    wire.progress(first, 0)
    expect(drains).toEqual([0])
    wire.progress(first, 0)
    expect(drains).toEqual([0])
  })

  test('in binary goes out as text', () => {
    const { wire, poll } = open()
    wire.send(packet(Uint8Array.from(Buffer.from('020101' + '7465' + '0102', 'hex'))))
    expect(poll().messages).toEqual(['[null,null,"t","e",{"base64":"AQI="}]'])
  })
})

describe('a poll', () => {
  test('is a sign of life, and ends with 204 after the window', async () => {
    const { clock, told, poll } = open()
    const waiting = poll()
    expect(told).toEqual(['pong'])
    await clock.advance(999)
    expect(waiting.status).toBeNull()
    await clock.advance(1)
    expect(waiting).toMatchObject({ status: 204, messages: [] })
    expect(clock.pendingCount).toBe(0)
  })

  test('that is newer ends the one that waits', async () => {
    const { clock, wire, poll } = open()
    const older = poll()
    const newer = poll()
    expect(older.status).toBe(204)
    wire.send(packet('a'))
    expect(newer).toMatchObject({ status: 200, messages: ['a'] })
    await clock.advance(5000)
    expect([older.answers, newer.answers]).toEqual([1, 1])
  })

  test('[S-97] is an offence where it does not wait for the answer to the one before it', async () => {
    const { clock, wire, told, poll } = open()
    poll()
    wire.send(packet('a'))
    await clock.settle()
    expect(told).toEqual(['pong'])
    const [first] = [poll(), poll(), poll()]
    expect(first?.status).toBe(204)
    expect(told.filter((each) => each === 'refused 0')).toHaveLength(2)
  })

  test('[S-8] is ended by a ping, so that the next one shows that the client is there', async () => {
    const { clock, wire, told, poll } = open()
    wire.ping()
    const waiting = poll()
    wire.ping()
    expect(waiting.status).toBe(204)
    poll()
    expect(told).toEqual(['pong', 'pong'])
    await clock.advance(2000)
    expect(clock.pendingCount).toBe(0)
  })

  test('that breaks off ends the wire, waiting or being answered', async () => {
    for (const isAnswered of [false, true]) {
      const { clock, wire, told, poll, isOver } = open()
      const waiting = poll()
      if (isAnswered) wire.send(packet('lost'))
      wire.lose(waiting)
      expect(isOver()).toBe(true)
      await clock.settle()
      expect(told).toEqual(['pong', 'close 1006 '])
      wire.lose(waiting)
      await clock.advance(5000)
      expect(told).toHaveLength(2)
    }
  })

  test('that breaks off after a newer one came is of no consequence', () => {
    const { wire, poll, isOver } = open()
    const older = poll()
    poll()
    wire.lose(older)
    expect(isOver()).toBe(false)
  })
})

describe('[S-44] an answer that the peer has not taken', () => {
  test('counts as waiting, as far as it is still here', () => {
    const { wire, poll, drains } = open()
    wire.send(packet('twelve bytes'))
    const first = poll()
    expect(wire.bufferedBytes).toBe(12)
    // Its JSON is longer than the messages.
    wire.progress(first, 20)
    expect(wire.bufferedBytes).toBe(12)
    expect(wire.sentBytes).toBe(0)
    wire.progress(first, 5)
    expect([wire.bufferedBytes, wire.sentBytes]).toEqual([5, 7])
    wire.send(packet('more'))
    expect(wire.bufferedBytes).toBe(9)
    wire.progress(first, 0)
    expect([wire.bufferedBytes, drains]).toEqual([4, []])
  })

  test('is the only one: the next poll waits, and has what came meanwhile once it is taken', async () => {
    const { clock, wire, poll, drains } = open()
    const first = poll()
    wire.send(packet('a'))
    const second = poll()
    wire.send(packet('b'))
    wire.send(packet('c'))
    expect(second.status).toBeNull()
    wire.progress(first, 0)
    expect(second).toMatchObject({ status: 200, messages: ['b', 'c'] })
    expect(drains).toEqual([])
    wire.progress(second, 0)
    expect(drains).toEqual([0])
    poll()
    await clock.advance(1000)
    expect(clock.pendingCount).toBe(0)
  })

  test('lets the next poll wait no longer than the window', async () => {
    const { clock, wire, poll } = open()
    const first = poll()
    wire.send(packet('a'))
    const second = poll()
    await clock.advance(600)
    wire.progress(first, 1)
    await clock.advance(400)
    expect([first.answers, second.status]).toEqual([1, 204])
  })

  test('makes of another poll no sign of life; its own progress is one', () => {
    const { wire, told, poll } = open()
    const first = poll()
    wire.send(packet('abc'))
    poll()
    poll()
    // The second of them did not wait. (S-97)
    expect(told.splice(1)).toEqual(['refused 0'])
    expect(told).toEqual(['pong'])
    wire.progress(first, 2)
    wire.progress(first, 0)
    expect(told).toEqual(['pong', 'pong', 'pong'])
  })

  test('ends the wire, and is cut off, when nothing of it moves for silenceMs', async () => {
    const { clock, wire, told, poll, isOver } = open()
    const first = poll()
    wire.send(packet('abc'))
    await clock.advance(699)
    wire.progress(first, 2)
    await clock.advance(699)
    expect([isOver(), first.isCut]).toEqual([false, false])
    await clock.advance(1)
    expect([isOver(), first.isCut, wire.bufferedBytes]).toEqual([true, true, 0])
    await clock.advance(5000)
    expect(told.at(-1)).toBe('close 1006 ')
    expect(clock.pendingCount).toBe(0)
  })

  test('that breaks off ends the wire, though a newer poll waits', async () => {
    const { clock, wire, poll, isOver } = open()
    const first = poll()
    wire.send(packet('lost'))
    const second = poll()
    wire.lose(first)
    expect([isOver(), second.status, first.isCut]).toEqual([true, 410, false])
    await clock.advance(5000)
    expect(clock.pendingCount).toBe(0)
  })

  test('is waited for by a close, and then by the poll after it', async () => {
    const { clock, wire, told, poll, isOver } = open()
    const first = poll()
    wire.send(packet('last words'))
    wire.close(1012, 'bye')
    expect(isOver()).toBe(false)
    const second = poll()
    expect(second.status).toBeNull()
    wire.progress(first, 0)
    expect([second.status, isOver(), first.isCut]).toEqual([410, true, false])
    await clock.advance(5000)
    expect(told.at(-1)).toBe('close 1012 bye')
    expect(clock.pendingCount).toBe(0)
  })

  test('is cut off by a close after closeTimeoutMs, and by the end at once', async () => {
    const closing = open()
    const first = closing.poll()
    closing.wire.send(packet('a'))
    closing.wire.close(1012, 'bye')
    await closing.clock.advance(300)
    expect([closing.isOver(), first.isCut]).toEqual([true, true])

    const ended = open()
    const other = ended.poll()
    ended.wire.send(packet('a'))
    ended.wire.terminate()
    expect([ended.isOver(), other.isCut]).toEqual([true, true])
    await ended.clock.settle()
    expect([closing.clock.pendingCount, ended.clock.pendingCount]).toEqual([0, 0])
  })
})

describe('what the client posts', () => {
  const text = { data: Buffer.from('[1]'), isBinary: false, wireBytes: 3 }

  test('is taken in order', () => {
    const { wire, told } = open()
    const messages = [text, { data: Buffer.from([1, 2]), isBinary: true, wireBytes: 4 }]
    expect(wire.post({ messages, idleBytes: 0 })).toBe(true)
    expect(told).toEqual(['[1]', 'bytes 2 of 4'])
  })

  test('[S-36] counts before it is taken, as far as it is no message, and as an offence where it is refused', () => {
    const { wire, told } = open()
    wire.post({ messages: [text], idleBytes: 7 })
    wire.refuse(9)
    expect(told).toEqual(['unread 7', '[1]', 'refused 9'])
    wire.close(1008, 'abuse')
    wire.post({ messages: [text], idleBytes: 7 })
    wire.refuse(9)
    expect(told).toHaveLength(3)
  })

  test('after the close is not', () => {
    const { wire, told } = open()
    wire.send(packet('a'))
    wire.close(1012, 'bye')
    expect(wire.post({ messages: [text], idleBytes: 0 })).toBe(false)
    expect(told).toEqual([])
  })
})

describe('closing', () => {
  test('with a poll that waits ends it with 410, and the wire', async () => {
    const { clock, wire, told, poll, isOver } = open()
    const waiting = poll()
    wire.close(1012, 'server closes')
    expect([waiting.status, isOver()]).toEqual([410, true])
    // Not within the call: whoever closes may be the connection that is told.
    expect(told).toEqual(['pong'])
    await clock.settle()
    expect(told).toEqual(['pong', 'close 1012 server closes'])
    expect(poll().status).toBe(410)
    expect(clock.pendingCount).toBe(0)
  })

  test('with messages in the queue lets the client fetch them first', async () => {
    const { clock, wire, told, poll, isOver } = open()
    wire.send(packet('last words'))
    wire.close(1013, 'reads too slowly')
    wire.close(1012, 'again')
    wire.send(packet('too late'))
    expect(isOver()).toBe(false)
    const last = poll()
    expect(last).toMatchObject({ status: 200, messages: ['last words'] })
    wire.progress(last, 0)
    expect(poll()).toMatchObject({ status: 410, messages: [] })
    await clock.settle()
    expect(told.at(-1)).toBe('close 1013 reads too slowly')
    expect([isOver(), clock.pendingCount, told.length]).toEqual([true, 0, 3])
  })

  test('waits for that no longer than closeTimeoutMs', async () => {
    const { clock, wire, told, isOver } = open()
    wire.send(packet('nobody comes'))
    wire.close(1012, '')
    await clock.advance(299)
    expect(isOver()).toBe(false)
    await clock.advance(1)
    expect([isOver(), wire.bufferedBytes]).toEqual([true, 0])
    expect(told).toEqual(['close 1012 '])
  })

  test('terminating is at once, whatever is queued', async () => {
    const { clock, wire, told, poll } = open()
    wire.send(packet('a'))
    wire.terminate()
    wire.terminate()
    await clock.settle()
    expect(told).toEqual(['close 1006 '])
    expect(poll().status).toBe(410)
  })
})
