import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { ByteBudget, readBody } from './read-body'

const KIB = 1024

function post(budget: ByteBudget, maxBytes = 1024 * KIB, isWanted = () => true) {
  const request = new IncomingMessage(new Socket())
  return { request, body: readBody(request, maxBytes, budget, isWanted) }
}

/** Lets a stream hand over what it was given. */
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))

describe('a body', () => {
  test('is what came, in its order', async () => {
    const { request, body } = post(new ByteBudget(0))
    for (const part of ['one ', 'two ', 'three']) request.push(part)
    request.push(null)
    expect(String(await body)).toBe('one two three')
  })

  test('[S-43] does not hold the pieces in which it came, each of which takes far more memory than a byte', async () => {
    const { request, body } = post(new ByteBudget(0))
    const piece = Buffer.alloc(1)
    for (const letter of 'abc') {
      piece.write(letter)
      request.push(piece)
      await turn()
    }
    request.push(null)
    expect(String(await body)).toBe('abc')
  })

  test('[S-76] that fails twice ends nothing', async () => {
    const { request, body } = post(new ByteBudget(0))
    for (const n of [1, 2]) expect(() => request.emit('error', new Error(`error ${n}`))).not.toThrow()
    expect(await body).toEqual({ why: 'aborted', bytes: 0 })
  })

  test('that is larger than allowed is not read to its end', async () => {
    const budget = new ByteBudget(1024 * KIB)
    const { request, body } = post(budget, 100 * KIB)
    for (let i = 0; i < 3; i++) request.push(Buffer.alloc(50 * KIB))
    expect(await body).toEqual({ why: 'too_large', bytes: 150 * KIB })
    expect(budget.heldBytes).toBe(0)
  })

  test('[S-9] of which too many are held at a time is refused, and small ones are not', async () => {
    const budget = new ByteBudget(100 * KIB)
    const first = post(budget)
    first.request.push(Buffer.alloc(150 * KIB))
    await turn()
    expect(budget.heldBytes).toBe(86 * KIB)
    const second = post(budget)
    second.request.push(Buffer.alloc(150 * KIB))
    expect(await second.body).toEqual({ why: 'no_room', bytes: 150 * KIB })
    const small = post(budget)
    small.request.push(Buffer.alloc(64 * KIB))
    small.request.push(null)
    expect(await small.body).toHaveLength(64 * KIB)
    first.request.push(null)
    expect(await first.body).toHaveLength(150 * KIB)
    expect(budget.heldBytes).toBe(0)
  })

  test('[S-83] that nobody wants any more is not read on', async () => {
    let isWanted = true
    const budget = new ByteBudget(1024 * KIB)
    const { request, body } = post(budget, 1024 * KIB, () => isWanted)
    request.push(Buffer.alloc(100 * KIB))
    await turn()
    expect(budget.heldBytes).toBe(36 * KIB)
    isWanted = false
    request.push(Buffer.alloc(1))
    expect(await body).toEqual({ why: 'unwanted', bytes: 100 * KIB + 1 })
    expect(budget.heldBytes).toBe(0)
  })

  test('[S-9] whose client goes gives back what it held', async () => {
    const budget = new ByteBudget(1024 * KIB)
    const { request, body } = post(budget)
    request.push(Buffer.alloc(500 * KIB))
    await turn()
    expect(budget.heldBytes).toBeGreaterThan(0)
    request.destroy()
    expect(await body).toEqual({ why: 'aborted', bytes: 500 * KIB })
    expect(budget.heldBytes).toBe(0)
  })
})
