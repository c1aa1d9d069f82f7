import { describe, expect, test } from 'vitest'
import { requestCost, tooManyParams } from './request-size'

describe('[S-107] a request', () => {
  test('counts once more for each KiB of its target and headers', () => {
    const ask = (bytes: number) => requestCost({ url: '/', rawHeaders: ['Cookie', 'x'.repeat(bytes - 7)] })
    expect([ask(100), ask(1023), ask(1024), ask(2047), ask(2048), ask(15_360)]).toEqual([1, 1, 2, 2, 3, 16])
    expect(requestCost({ url: `/?${'a'.repeat(3000)}`, rawHeaders: [] })).toBe(3)
    expect(requestCost({ rawHeaders: [] })).toBe(1)
  })

  test('may have 64 query parameters, and not one more', () => {
    const query = (count: number) => ({ url: `/socket?${Array(count).fill('a').join('&')}` })
    expect([tooManyParams({}), tooManyParams({ url: '/' }), tooManyParams(query(64))]).toEqual([
      null,
      null,
      null,
    ])
    expect(tooManyParams(query(65))).toEqual({
      status: 400,
      reason: 'too_many_params',
      message: 'The request has more than 64 query parameters.',
    })
    expect(tooManyParams(query(5000))?.status).toBe(400)
  })
})
