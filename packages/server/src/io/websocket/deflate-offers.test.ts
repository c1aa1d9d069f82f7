import { describe, expect, test } from 'vitest'
import { deflateOffers } from './permessage-deflate'

describe('an offer of permessage-deflate is taken', () => {
  test.each([
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate;client_max_window_bits=8',
    'permessage-deflate; client_max_window_bits = "15"; server_no_context_takeover; client_no_context_takeover',
  ])('%s', (offer) => {
    expect(deflateOffers(offer)).toBe(offer)
  })

  test('without those beside it that cannot be kept to, in its order', () => {
    const header =
      'x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=10, permessage-deflate; client_max_window_bits, permessage-deflate'
    expect(deflateOffers(header)).toBe('permessage-deflate; client_max_window_bits, permessage-deflate')
  })
})

describe('nothing is agreed on where', () => {
  test.each([
    undefined,
    '',
    ',;,',
    'bbf-usp-protocol',
    'permessage-deflate; server_max_window_bits=10',
    'permessage-deflate; server_max_window_bits=15',
    'permessage-deflate; client_max_window_bits=7',
    'permessage-deflate; client_max_window_bits=16',
    'permessage-deflate; client_max_window_bits=',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
    'permessage-deflate; unheard_of',
    'permessage-deflate;',
    'permessage-deflate; client_max_window_bits="1,5"',
  ])('the client offers %j', (header) => {
    expect(deflateOffers(header)).toBeUndefined()
  })
})

test('[S-43] a run of spaces is read once', () => {
  const startedMs = performance.now()
  expect(deflateOffers(`x;a${' '.repeat(60_000)}b`)).toBeUndefined()
  expect(deflateOffers(`permessage-deflate; client_max_window_bits${' '.repeat(60_000)}= 8`)).toBeDefined()
  expect(deflateOffers(`permessage-deflate; client_max_window_bits=${' '.repeat(60_000)}"8`)).toBeUndefined()
  expect(performance.now() - startedMs).toBeLessThan(200)
})
