import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Account, guestAccount, identityAccount } from '../identity/account'
import type { Authenticate } from '../identity/identity'
import { GRACE_MS, hello } from '../testing-support/held-session'
import { tracking } from '../testing-support/native-client'
import { type SharingNode, sharedNodes } from '../testing-support/shared-nodes'
import type { Peer } from '../testing-support/test-node'

/* Whatever people do, what is counted for them is what they have, and no more than they may. */

const MAX = 2
const LIFE_MS = 60_000
const topics = ['room:1', 'room:2', 'room:3', 'room:4']

interface Person {
  readonly name: string
  readonly account: Account
  readonly params: ReadonlyMap<string, string>
  readonly remoteAddress: string
}

const person = (name: string): Person => ({
  name,
  account: identityAccount(name),
  params: new Map([['name', name]]),
  remoteAddress: '192.0.2.1',
})
/** A new person each time, known by their address. */
const guest = (remoteAddress: string): Person => ({
  name: remoteAddress,
  account: guestAccount(remoteAddress),
  params: new Map([['guest', remoteAddress]]),
  remoteAddress,
})
const people: readonly Person[] = [person('ada'), person('192.0.2.7'), guest('192.0.2.7'), guest('192.0.2.8')]

type Step =
  | { readonly kind: 'connect' | 'vix'; readonly who: number; readonly at: number }
  | { readonly kind: 'resume'; readonly peer: number; readonly at: number; readonly instance: number }
  | { readonly kind: 'join' | 'leave' | 'update'; readonly peer: number; readonly topic: number }
  | { readonly kind: 'end'; readonly peer: number; readonly code: number }
  | { readonly kind: 'appear' | 'disappear' | 'goodbye'; readonly peer: number }
  | { readonly kind: 'kick'; readonly who: number; readonly at: number }
  | { readonly kind: 'store'; readonly at: number; readonly isDown: boolean }
  | { readonly kind: 'wait'; readonly ms: number }

const peer = fc.nat(7)
const at = fc.nat(1)
const who = fc.nat(people.length - 1)
const topicIndex = fc.nat(topics.length - 1)
const kindOf = <K extends string>(...kinds: readonly K[]) => fc.constantFrom(...kinds)
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: kindOf('connect', 'connect', 'vix'), who, at }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: kindOf('join', 'join', 'join', 'leave', 'update'),
      peer,
      topic: topicIndex,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kindOf('resume'), peer, at, instance: fc.nat(1) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kindOf('end'), peer, code: fc.constantFrom(1000, 1001, 1006, 4005, 4006) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('appear', 'appear', 'disappear', 'goodbye'), peer }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('kick'), who, at }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('store'), at, isDown: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: kindOf('wait'), ms: fc.constantFrom(0, 100, 300, 3000, GRACE_MS, LIFE_MS) }),
  },
)

interface Entered {
  readonly peer: Peer
  readonly person: Person
  readonly token: string | null
}

/** One or two nodes and their clients. */
class World {
  readonly #nodes: readonly SharingNode[]
  readonly #entered: Entered[] = []
  readonly clock
  refusals = 0

  constructor(nodeCount: number) {
    let guests = 0
    const authenticate: Authenticate = ({ params }) => {
      const name = params.get('name')
      if (name === undefined) return { id: `guest-${guests++}`, isGuest: true }
      return { id: name, expiresAtMs: clock.timeMs() + LIFE_MS / 2 }
    }
    const channel = tracking({
      observable: true,
      join: (ctx, payload) => {
        // The account of a session is that of its first connection on this node.
        if (!ctx.assigns.has('from')) ctx.assigns.set('from', ctx.params.get('guest') ?? ctx.identity.id)
        const isGuest = ctx.identity.id.startsWith('guest-')
        const key = `${isGuest ? 'guest' : 'person'} ${ctx.assigns.get('from')}`
        if (!ctx.track(key, { n: Number(payload.n ?? 0) }).ok) this.refusals++
      },
    })
    const { clock, nodes } = sharedNodes(nodeCount, {
      mode: 'production',
      authenticate,
      channels: [channel],
      implicitTopic: 'room:1',
      limits: { presencesPerIdentity: MAX },
    })
    this.clock = clock
    this.#nodes = nodes
  }

  async step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'connect':
        return this.#enter(people[step.who] as Person, step.at, undefined, 'i0')
      case 'vix': {
        const someone = people[step.who] as Person
        const connected = this.#node(step.at).connect({ path: '/', subprotocols: [], ...someone })
        this.#entered.push({ peer: await connected, person: someone, token: null })
        return
      }
      case 'resume': {
        const earlier = this.#at(step.peer)
        if (earlier?.token) await this.#enter(earlier.person, step.at, earlier.token, `i${step.instance}`)
        return
      }
      case 'join':
      case 'leave':
      case 'update': {
        const event = { join: 'phx_join', leave: 'phx_leave', update: 'presence_update' }[step.kind]
        // Joins all topics at once: more than the limit allows.
        const named = step.kind === 'join' ? topics.slice(step.topic) : [topics[step.topic]]
        const payload = { meta: { n: step.peer }, presence_since: null }
        const entered = this.#at(step.peer)
        if (entered?.token) entered.peer.say(...named.map((topic) => [null, 'r', topic, event, payload]))
        return
      }
      case 'end':
        return this.#at(step.peer)?.peer.wire.end(step.code)
      case 'appear':
      case 'disappear': {
        const entered = this.#at(step.peer)
        const type = step.kind === 'appear' ? 'presence.join' : 'presence.leave'
        if (entered && entered.token === null) entered.peer.say({ type, payload: { user: 'somebody' } })
        return
      }
      case 'goodbye': {
        const entered = this.#at(step.peer)
        if (entered?.token) entered.peer.say([null, 'g', 'rollcall', 'goodbye', {}])
        return
      }
      case 'kick':
        // While the store is down the call rejects, as the other nodes receive nothing.
        void this.#node(step.at)
          .node.kick({ identity: (people[step.who] as Person).name }, 'banned')
          .catch(() => {})
        return
      case 'store':
        // With one node, all presences are listed after each step, which needs the store.
        if (this.#nodes.length > 1) this.#node(step.at).store.setDown(step.isDown)
        return
      case 'wait':
        return this.clock.advance(step.ms)
    }
  }

  /** No account is above its limit, and every presence is counted. */
  async check(): Promise<void> {
    await this.clock.settle()
    for (const { registry } of this.#nodes) {
      const sizes = people.map(({ account }) => registry.sizeOf(account))
      expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX)
      expect(sizes.reduce((sum, each) => sum + each, 0)).toBe(registry.size)
      expect(registry.accountCount).toBe(sizes.filter((size) => size > 0).length)
    }
  }

  /** With one node, the counts equal what others see. */
  async checkListed(): Promise<void> {
    const [{ registry }] = this.#nodes as [SharingNode]
    const listing = Promise.all(topics.map((topic) => registry.list(topic)))
    await this.clock.settle()
    const keys = (await listing).flat().map(({ key }) => key)
    for (const { account, name, params } of people) {
      const key = `${params.has('guest') ? 'guest' : 'person'} ${name}`
      expect(registry.sizeOf(account)).toBe(keys.filter((each) => each === key).length)
    }
  }

  /** All clients leave and none returns. */
  async empty(): Promise<void> {
    for (const { store } of this.#nodes) store.setDown(false)
    for (const { peer: each } of this.#entered) each.wire.end()
    await this.clock.advance(3 * GRACE_MS)
    for (const { registry } of this.#nodes) expect([registry.size, registry.accountCount]).toEqual([0, 0])
  }

  async #enter(someone: Person, at: number, token: string | undefined, instance: string): Promise<void> {
    const entered = await this.#node(at).connect(someone)
    const greeting = hello(entered, token, instance).catch(() => null)
    await this.clock.advance(2000)
    const greeted = await greeting
    this.#entered.push({ peer: entered, person: someone, token: greeted?.token ?? token ?? null })
  }

  #node(at: number): SharingNode {
    return this.#nodes[at % this.#nodes.length] as SharingNode
  }

  #at(index: number): Entered | undefined {
    return this.#entered[index % Math.max(1, this.#entered.length)]
  }
}

test.each([1, 2])(
  '[S-35] whatever happens on %i node(s): what is counted is what is there, within the limit, and nothing in the end',
  async (nodeCount) => {
    let refusals = 0
    const steps = fc.array(stepArbitrary, { minLength: 10, maxLength: 60, size: 'max' })
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const world = new World(nodeCount)
        for (const step of all) {
          await world.step(step)
          await world.check()
          if (nodeCount === 1) await world.checkListed()
        }
        await world.empty()
        refusals += world.refusals
      }),
      { numRuns: 150 },
    )
    expect(refusals).toBeGreaterThan(20)
  },
  60_000,
)
