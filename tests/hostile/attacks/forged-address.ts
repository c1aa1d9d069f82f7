import assert from 'node:assert/strict'
import { ForwardingProxy } from '../support/forwarding-proxy'
import { RawPeer } from '../support/raw-peer'
import type { Arena } from './arena'
import { defineAttack } from './attack'
import { type Refused, refusedBy } from './refused'
import { PROXY_ADDRESS } from './servers'
import { Stranger } from './stranger'

/** Headers more than a handshake has. About a hundred are the limit, on either side of which what counts is the same. */
const MORE = [0, 60, 85, 90, 92, 93, 94, 95, 96, 120, 300]
const FEWEST_REFUSED = 120
const AT_ONCE = 10

export const attack = defineAttack({
  name: 'forged-address',
  tries: 'pushes what a trusted proxy says of its address past the limit of headers, and says it itself',
  server: 'own',
  async run(arena) {
    const proxy = await ForwardingProxy.start({ port: arena.port, localAddress: PROXY_ADDRESS })
    arena.ends(() => proxy.close())
    const outcomes: { readonly more: number; readonly who: string }[] = []
    for (const more of MORE) outcomes.push({ more, who: await whoIs(arena, proxy, more) })
    return { outcomes, ...(await crowdProxy(arena, proxy)) }
  },
  check({ outcomes, opened, refusals, other }, { scale }) {
    for (const { more, who } of outcomes) {
      // 0: what was still on its way when the socket went took the answer with it.
      const expected = more >= FEWEST_REFUSED ? /^(431|0)$/ : /^(guest-|431)/
      assert.match(who, expected, `with ${more} headers more`)
    }
    assert.match(outcomes[0]?.who ?? '', /^guest-/)
    assert.ok(opened <= scale.maxPerAddress && opened > scale.maxPerAddress / 2, `${opened} were taken`)
    for (const { status, error } of refusals) assert.deepEqual([status, error], [429, 'too_many_connections'])
    assert.ok(refusals.length > 0 && other, 'Somebody else behind the proxy was refused, too.')
    return `431; 429 too_many_connections after ${opened} of one client behind the proxy, whatever it says`
  },
})

/** Who a client behind the proxy is taken for; the status where it is refused. */
async function whoIs(arena: Arena, proxy: ForwardingProxy, more: number): Promise<string> {
  const headers = Object.fromEntries(Array.from({ length: more }, (_, i) => [`A-${i}`, 'y']))
  const peer = await arena.dial({
    port: proxy.port,
    subprotocol: 'rollcall.v1',
    headers: { 'X-Forwarded-For': PROXY_ADDRESS, ...headers },
  })
  if (!(peer instanceof RawPeer)) return String(peer.status)
  const { response } = await new Stranger(peer).ask('rollcall', 'hello')
  peer.destroy()
  return response.identity.id
}

/** One client behind the proxy connects again and again, each time as if from elsewhere; and then somebody else. */
async function crowdProxy(arena: Arena, proxy: ForwardingProxy) {
  const localAddress = arena.newAddress()
  const connect = (n: number, from: string) =>
    arena.dial({
      port: proxy.port,
      localAddress: from,
      subprotocol: 'rollcall.v1',
      token: arena.token(`mallory-${n}`),
      headers: { 'X-Forwarded-For': `10.0.${n >> 8}.${n & 255}` },
    })
  let opened = 0
  const refusals: Refused[] = []
  for (let i = 0; i < arena.scale.maxPerAddress + 2 * AT_ONCE; i += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, (_, n) => connect(i + n, localAddress))
    for (const peer of await Promise.all(batch)) {
      if (peer instanceof RawPeer) opened++
      else refusals.push(refusedBy(peer))
    }
  }
  const other = (await connect(0, arena.newAddress())) instanceof RawPeer
  return { opened, refusals, other }
}
