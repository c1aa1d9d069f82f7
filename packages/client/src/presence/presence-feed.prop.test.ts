import type { Key } from '@rollcall/shared-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resolveSocketOptions } from '../options'
import { FakeTopic } from '../testing/fake-topic'
import { VirtualClock } from '../testing/virtual-clock'
import type { MirrorEvent } from './mirror-machine'
import { PresenceFeed } from './presence-feed'
import type { PresenceEntry } from './presence-map'

/*
 * A topic changes; what it tells passes over a wire that drops, doubles and delays; the feed must not care. FakeTopic
 * is the model: the truth that the map is held against.
 */

type Meta = { n: number }
type Fate = 'arrives' | 'lost' | 'twice' | 'delayed'
type Command =
  | { kind: 'join'; key: Key; n: number; fate: Fate }
  | { kind: 'update'; key: Key; n: number; fate: Fate }
  | { kind: 'leave'; key: Key; isWhole: boolean; fate: Fate }
  | { kind: 'release'; index: number }
  | { kind: 'drop' }
  | { kind: 'epoch' }
  | { kind: 'snapshot'; fate: Fate }
  | { kind: 'pass'; ms: number }

const keys = fc.constantFrom('ada', 'bob', '__proto__', 'constructor', '')
const fates = fc.constantFrom<Fate>('arrives', 'arrives', 'arrives', 'lost', 'twice', 'delayed')
const commands: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('join' as const), key: keys, n: fc.nat(9), fate: fates }),
  fc.record({ kind: fc.constant('update' as const), key: keys, n: fc.nat(9), fate: fates }),
  fc.record({ kind: fc.constant('leave' as const), key: keys, isWhole: fc.boolean(), fate: fates }),
  fc.record({ kind: fc.constant('release' as const), index: fc.nat(9) }),
  fc.record({ kind: fc.constant('snapshot' as const), fate: fates }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 500, 10_000) }),
  fc.constantFrom<Command>({ kind: 'drop' }, { kind: 'epoch' }),
)

class Rig {
  readonly clock = new VirtualClock()
  readonly feed: PresenceFeed<Meta>
  readonly topic: FakeTopic
  readonly replayed = new Map<Key, PresenceEntry<Meta>>()
  readonly wire: MirrorEvent[] = []
  /** Problems that listeners found. An error that one throws would not reach the test. */
  readonly problems: string[] = []
  #fate: Fate = 'arrives'
  #refs = 0
  #epochs = 1
  #asked = 0

  constructor() {
    const options = resolveSocketOptions({ clock: this.clock, random: () => 0.5 })
    const ask = () => {
      this.#asked += 1
    }
    this.feed = new PresenceFeed<Meta>(options, ask, () => 0)
    this.topic = new FakeTopic(
      't',
      'e1',
      () => `p${++this.#refs}`,
      (diff) => this.#transmit({ kind: 'diff', diff }, this.#fate),
    )
    this.#replay()
  }

  async run(command: Command): Promise<void> {
    if ('fate' in command) this.#fate = command.fate
    switch (command.kind) {
      case 'join':
        this.topic.join(command.key, { n: command.n })
        break
      case 'update': {
        const ref = this.topic.refsOf(command.key).at(-1)
        if (ref) this.topic.update(ref, { n: command.n })
        break
      }
      case 'leave': {
        const refs = this.topic.refsOf(command.key)
        this.topic.leave(command.isWhole ? refs : refs.slice(0, 1), 'left')
        break
      }
      case 'release':
        this.feed.dispatch(this.wire.splice(command.index % (this.wire.length || 1), 1)[0] ?? { kind: 'due' })
        break
      case 'drop':
        // The client ignores frames of a former transport.
        this.wire.length = 0
        this.#asked = 0
        this.feed.dispatch({ kind: 'lost' })
        this.feed.dispatch({ kind: 'joined' })
        this.sendState('arrives')
        break
      case 'epoch':
        this.topic.beginEpoch(`e${++this.#epochs}`)
        break
      case 'snapshot':
        this.sendState(command.fate)
        break
      case 'pass':
        await this.clock.advance(command.ms)
    }
    this.#answer(this.#fate)
  }

  sendState(fate: Fate): void {
    this.#transmit({ kind: 'state', snapshot: this.topic.snapshot }, fate)
  }

  /** The wire is sound again, and something happens in the topic. */
  async heal(): Promise<void> {
    for (const event of this.wire.splice(0)) this.feed.dispatch(event)
    this.#fate = 'arrives'
    this.topic.join('last', { n: 0 })
    for (let round = 0; round < 4; round++) {
      this.#answer('arrives')
      await this.clock.advance(60_000)
    }
  }

  #answer(fate: Fate): void {
    for (; this.#asked > 0; this.#asked -= 1) this.sendState(fate)
  }

  #transmit(event: MirrorEvent, fate: Fate): void {
    if (fate === 'delayed') this.wire.push(event)
    if (fate === 'arrives' || fate === 'twice') this.feed.dispatch(event)
    if (fate === 'twice') this.feed.dispatch(event)
  }

  /** The map as a listener that sees only the events would build it. */
  #replay(): void {
    const { listeners, map } = this.feed
    const check = (isTrue: boolean, problem: string) => {
      if (!isTrue) this.problems.push(problem)
    }
    listeners.on('join', (entry) => {
      check(!this.replayed.has(entry.key), 'joined who was present')
      check(map.get(entry.key) === entry, 'told before the map was whole')
      this.replayed.set(entry.key, entry)
    })
    listeners.on('update', (entry, previous) => {
      check(this.replayed.get(entry.key) === previous, 'updated from something else')
      check(JSON.stringify(entry) !== JSON.stringify(previous), 'updated to the same')
      this.replayed.set(entry.key, entry)
    })
    listeners.on('leave', (entry) => {
      check(this.replayed.get(entry.key) === entry, 'left who was absent or other')
      this.replayed.delete(entry.key)
    })
    this.feed.changes.subscribe(() => {
      const isSame = [...map.entries()].every(([key, entry]) => this.replayed.get(key) === entry)
      check(isSame && map.size === this.replayed.size, 'the events do not give the map')
    })
  }
}

/** A map as its server would tell it. */
function truth(topic: FakeTopic): Map<Key, { ref: string; n: unknown }[]> {
  const byKey = new Map<Key, { ref: string; n: unknown }[]>()
  for (const { ref, key, meta } of topic.snapshot.presences) {
    byKey.set(key, [...(byKey.get(key) ?? []), { ref, n: meta.n }])
  }
  return byKey
}

function shown(feed: PresenceFeed<Meta>): Map<Key, { ref: string; n: unknown }[]> {
  return new Map(
    feed.map
      .list()
      .map(({ key, presences }) => [key, presences.map(({ ref, meta }) => ({ ref, n: meta.n }))]),
  )
}

const sorted = (map: Map<Key, { ref: string; n: unknown }[]>) =>
  new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, all]) => [key, [...all].sort(byRef)]))
const byRef = (a: { ref: string }, b: { ref: string }) => (a.ref < b.ref ? -1 : 1)

describe('presence feed', () => {
  test("[C-18] the map equals the server's once the wire is sound, whatever was lost, doubled or overtaken", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(commands, { maxLength: 60, size: 'max' }), async (sequence) => {
        const rig = new Rig()
        rig.feed.dispatch({ kind: 'joined' })
        rig.sendState('arrives')
        for (const command of sequence) await rig.run(command)
        await rig.heal()
        expect(rig.feed.view.isStale).toBe(false)
        expect(sorted(shown(rig.feed))).toEqual(sorted(truth(rig.topic)))
        expect(rig.feed.map.digest).toBe(rig.topic.snapshot.digest)
      }),
      { numRuns: 200 },
    )
  })

  test('[C-17] the events, replayed, give the map after every frame', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(commands, { maxLength: 60, size: 'max' }), async (sequence) => {
        const rig = new Rig()
        rig.feed.dispatch({ kind: 'joined' })
        rig.sendState('arrives')
        for (const command of sequence) await rig.run(command)
        await rig.heal()
        expect(rig.problems).toEqual([])
        expect(rig.replayed).toEqual(new Map(rig.feed.map.entries()))
      }),
      { numRuns: 200 },
    )
  })

  test('[C-9] a view, a list and an entry are another object exactly when what they show is other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(commands, { maxLength: 40, size: 'max' }), async (sequence) => {
        const rig = new Rig()
        rig.feed.dispatch({ kind: 'joined' })
        rig.sendState('arrives')
        for (const command of sequence) {
          const view = rig.feed.view
          const before = { ...view, entries: new Map(rig.feed.map.entries()) }
          let notices = 0
          const unsubscribe = rig.feed.changes.subscribe(() => {
            notices += 1
          })
          await rig.run(command)
          unsubscribe()
          if (notices === 0) {
            expect(rig.feed.view).toBe(view)
            expect(rig.feed.map.list()).toBe(before.list)
          } else expect(rig.feed.view).not.toBe(view)
          for (const [key, entry] of rig.feed.map.entries()) {
            const was = before.entries.get(key)
            if (was && was !== entry) expect(entry).not.toEqual(was)
          }
        }
      }),
      { numRuns: 100 },
    )
  })
})
