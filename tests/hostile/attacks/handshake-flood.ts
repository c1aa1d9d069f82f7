import assert from 'node:assert/strict'
import { RawPeer } from '../support/raw-peer'
import type { Arena } from './arena'
import { defineAttack } from './attack'
import { type Refused, refusedBy } from './refused'

/** Handshakes of one address before it is its own that are too many. */
const EACH_ADDRESS = 50
const AT_ONCE = 30
/** How long the flood from everywhere goes on, in milliseconds, where it is not refused. */
const FLOOD_MS = 8000

/** How often each answer came, and the last of each. */
class Tally {
  readonly counts = new Map<string, number>()
  readonly last = new Map<string, Refused>()

  add(refused: Refused): void {
    const what = `${refused.status} ${refused.error}`
    this.counts.set(what, this.of(what) + 1)
    this.last.set(what, refused)
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0
  }
}

export const attack = defineAttack({
  name: 'handshake-flood',
  tries: 'shakes hands over and over: from one address, and from many',
  async run(arena) {
    const one = new Tally()
    const own = arena.newAddress()
    await flood(
      arena,
      one,
      () => own,
      () => one.of('429 too_many_connections') >= 20,
    )
    const many = new Tally()
    const startedMs = performance.now()
    let sent = 0
    let localAddress = arena.newAddress()
    const nextAddress = () => {
      if (++sent % EACH_ADDRESS === 0) localAddress = arena.newAddress()
      return localAddress
    }
    const isOver = () => many.of('503 busy') >= 20 || performance.now() - startedMs > FLOOD_MS
    await flood(arena, many, nextAddress, isOver)
    return { one, many, seconds: (performance.now() - startedMs) / 1000 }
  },
  check({ one, many, seconds }, { scale }) {
    const tooMany = one.last.get('429 too_many_connections')
    assert.ok(tooMany, `From one address: ${JSON.stringify([...one.counts])}`)
    assert.ok(tooMany.retryAfterS !== null && tooMany.retryAfterS >= 1)
    const looked = many.of('401 token_expired')
    const most = scale.handshakeBurst + scale.handshakesPerSecond * seconds
    assert.ok(looked <= most, `${looked} were looked at in ${seconds.toFixed(1)} s`)
    const first = `429 after ${one.of('401 token_expired')}`
    const busy = many.last.get('503 busy')
    // This machine may not be able to send as many as a server takes.
    if (!busy) return `${first}; all ${looked} from many looked at, ${Math.round(looked / seconds)} a second`
    assert.ok(busy.retryAfterS !== null && busy.retryAfterS >= 1 && busy.retryAfterS <= 6)
    return `${first}; 503 busy after ${looked} from many; Retry-After`
  },
})

async function flood(
  arena: Arena,
  tally: Tally,
  address: () => string,
  isOver: () => boolean,
): Promise<void> {
  const token = arena.token('mallory', { exp: 1 })
  const worker = async () => {
    while (!isOver()) {
      const answer = await arena.dial({ localAddress: address(), token })
      if (answer instanceof RawPeer) throw new Error('A token that is over was taken.')
      tally.add(refusedBy(answer))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
