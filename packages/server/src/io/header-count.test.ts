import { describe, expect, test } from 'vitest'
import { tooManyHeaders } from './read-handshake'

const request = (count: number) => ({
  rawHeaders: Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? 'Name' : 'value')),
})

describe('[S-45] the headers of a request', () => {
  test('may be as many as allowed, and not one more', () => {
    expect(tooManyHeaders(request(100), 100)).toBeNull()
    expect(tooManyHeaders(request(101), 100)).toEqual({
      status: 431,
      reason: 'too_many_headers',
      message: 'The request has more than 100 headers (server option http.maxHeaders).',
    })
  })

  test.each([
    ['that drops them past fifty', 50, 49],
    ['that has Node’s default', null, 999],
    ['that has no bound', 0, 5000],
  ])('are fewer than were dropped by an HTTP server %s', (_what, maxHeadersCount, most) => {
    expect(tooManyHeaders(request(most), 5000, { maxHeadersCount })).toBeNull()
    expect(tooManyHeaders(request(most + 1), 5000, { maxHeadersCount })?.status).toBe(431)
  })
})
