import { describe, expect, test } from 'vitest'
import { negotiateDialect } from './negotiate'
import { SUBPROTOCOL } from './rollcall-client'

describe('the handshake chooses the dialect', () => {
  test.each([
    ['/socket', [SUBPROTOCOL], 'rollcall', SUBPROTOCOL],
    ['/socket', ['other', SUBPROTOCOL], 'rollcall', SUBPROTOCOL],
    ['/socket', [], 'zzz', null],
    ['/', [], 'vix', null],
  ])('%s with subprotocols %j: %s', (path, subprotocols, name, subprotocol) => {
    const negotiation = negotiateDialect({ path, subprotocols })
    expect(negotiation).toMatchObject({ ok: true, subprotocol, dialect: { name } })
  })

  test.each([
    ['/socket', ['graphql-ws'], 400],
    ['/', [SUBPROTOCOL], 400],
    ['/', ['chat'], 400],
    ['/socket/', [SUBPROTOCOL], 404],
    ['/Socket', [], 404],
    ['/elsewhere', [SUBPROTOCOL], 404],
    ['/live/websocket', [], 404],
    ['/socket/websocket/', [], 404],
    ['', [], 404],
    ['/constructor', [], 404],
  ])('%s with subprotocols %j is refused with %i', (path, subprotocols, status) => {
    const negotiation = negotiateDialect({ path, subprotocols })
    expect(negotiation).toMatchObject({ ok: false, status })
  })

  test.each([
    ['2.0.0', 'phoenix-v2'],
    ['2.0.7', 'phoenix-v2'],
    ['1.0.0', 'phoenix-v1'],
    ['1.0.3', 'phoenix-v1'],
    [null, 'phoenix-v1'],
  ])('/socket/websocket and a long poll with vsn %s: %s', (vsn, name) => {
    const params = new Map(vsn === null ? [] : [['vsn', vsn]])
    for (const [path, transport] of [
      ['/socket/websocket', 'websocket'],
      ['/socket/longpoll', 'longpoll'],
    ] as const) {
      const negotiation = negotiateDialect({ path, subprotocols: [], params, transport })
      expect(negotiation).toMatchObject({ ok: true, subprotocol: null, dialect: { name } })
    }
  })

  test.each(['9.0.0', '2.1.0', '3.0.0', '2.0', '', '2.0.0.0', 'constructor'])(
    'vsn %j is refused with 403',
    (vsn) => {
      const params = new Map([['vsn', vsn]])
      const negotiation = negotiateDialect({ path: '/socket/websocket', subprotocols: [], params })
      expect(negotiation).toMatchObject({ ok: false, status: 403, reason: 'unsupported_version' })
    },
  )

  test.each([
    [['phoenix'], 'phoenix'],
    [['other', 'phoenix'], 'phoenix'],
    [['other'], null],
  ])('of the subprotocols %j at /socket/websocket, %s is named', (subprotocols, subprotocol) => {
    expect(negotiateDialect({ path: '/socket/websocket', subprotocols })).toMatchObject({
      ok: true,
      subprotocol,
    })
  })

  test('a WebSocket at the path of long polls is refused', () => {
    expect(negotiateDialect({ path: '/socket/longpoll', subprotocols: [] })).toMatchObject({ status: 404 })
  })

  test('a refusal says what is spoken where, and echoes no more than a line of what was offered', () => {
    const negotiation = negotiateDialect({ path: '/socket', subprotocols: ['x'.repeat(5000)] })
    if (negotiation.ok) throw new Error('It should have been refused.')
    expect(negotiation.message).toContain(SUBPROTOCOL)
    expect(negotiation.message.length).toBeLessThan(200)
  })
})
