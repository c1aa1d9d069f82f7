import { RawPeer } from '../support/raw-peer'
import type { Arena } from './arena'
import { type Refused, refusedBy } from './refused'

/** Handshakes of one address before it is its own that are too many. */
const EACH_ADDRESS = 50
const AT_ONCE = 30

/** How often each answer came, and the last of each. */
export class Tally {
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

/** Shakes hands from address after address, with a token that is over, until it is enough. */
export function floodFromEverywhere(arena: Arena, tally: Tally, isOver: () => boolean): Promise<void> {
  let sent = 0
  let localAddress = arena.newAddress()
  const nextAddress = () => {
    if (++sent % EACH_ADDRESS === 0) localAddress = arena.newAddress()
    return localAddress
  }
  return flood(arena, tally, nextAddress, isOver)
}

/** Shakes hands from these addresses, with a token that is over, until it is enough. */
export async function flood(
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
