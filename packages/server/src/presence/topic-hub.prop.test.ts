import { continuityOf, type Position, PresenceSet, rollcallDialect } from '@rollcall/shared-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Packet } from '../io/packet'
import { MemoryStoreState } from '../store/memory/memory-store'
import { testRegistry, WITH_STATE } from '../testing-support/test-registry'
import { VirtualClock } from '../testing-support/virtual-clock'
import type { PresenceRegistry } from './presence-registry'
import type { Subscriber } from './subscribers'

const topic = 'room:lobby'
const KEYS = ['ada', 'bob', '__proto__']

/** A client's map without a client: it applies diffs that follow its position and refuses others. */
class Mirror implements Subscriber {
  readonly dialect = rollcallDialect
  readonly receivesPresence = true
  /** Whether its client reads nothing. */
  isCongested = false
  canSendState(): boolean {
    return true
  }
  readonly set = new PresenceSet()
  readonly problems: string[] = []
  position: Position | null = null

  deliver({ frames }: Packet): void {
    if (this.isCongested) this.problems.push('presence was not kept from one who reads nothing')
    for (const frame of frames) {
      const decoded = rollcallDialect.decodeServer(frame)
      if (!decoded.ok) this.problems.push(decoded.fault.message)
      else if (decoded.value.kind === 'state') {
        const { epoch, seq, presences } = decoded.value.snapshot
        this.set.replace(presences)
        this.position = { epoch, seq }
      } else if (decoded.value.kind === 'diff') {
        const { diff } = decoded.value
        if (continuityOf(this.position, diff) !== 'apply') {
          this.problems.push(
            `${JSON.stringify(this.position)} got ${diff.base} to ${diff.seq} of ${diff.epoch}`,
          )
        }
        this.#checkNet([...diff.joins, ...diff.updates, ...diff.leaves].map(({ ref }) => ref))
        const applied = this.set.apply(diff)
        const told = applied.joins.length + applied.updates.length + applied.leaves.length
        if (told !== diff.joins.length + diff.updates.length + diff.leaves.length) {
          this.problems.push(`the diff to ${diff.seq} tells what is no change`)
        }
        this.position = { epoch: diff.epoch, seq: diff.seq }
        if (this.set.digest !== diff.digest) this.problems.push(`the digest of ${diff.seq} differs`)
      }
    }
  }

  #checkNet(refs: string[]): void {
    if (new Set(refs).size !== refs.length) this.problems.push('a presence appears twice in one diff')
  }
}

/** Lets the client read its backlog. */
function readOn(registry: PresenceRegistry, mirror: Mirror): void {
  mirror.isCongested = false
  registry.hub(topic).catchUp(mirror)
}

const step = fc.record({
  kind: fc.constantFrom(
    ...(['track', 'track', 'track', 'update', 'untrack', 'untrack', 'attach', 'detach', 'resync'] as const),
    ...(['clog', 'clog', 'readOn'] as const),
    ...(['storeDown', 'storeUp', 'advance', 'advance', 'advance'] as const),
  ),
  node: fc.nat(1),
  pick: fc.nat(5),
  ms: fc.constantFrom(0, 1, 5, 30, 300),
})

test('[S-1, S-2, S-9, S-11] with two nodes, slow readers and a failing store, every subscriber’s map follows and ends up correct', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (steps) => {
      const clock = new VirtualClock()
      const state = new MemoryStoreState('e')
      const nodes = ['n0', 'n1'].map((name) => testRegistry({ clock, state, name, flush: { floorMs: 10 } }))
      const mirrors = nodes.map(() => [] as Mirror[])
      /** The accepted presences by owner. */
      const expected = new Map<string, { key: string; n: number }>()

      for (const [i, { kind, node, pick, ms }] of steps.entries()) {
        const { registry, store } = nodes[node]!
        const owner = `${node}/s${pick}`
        const mirror = mirrors[node]![pick % Math.max(1, mirrors[node]!.length)]
        if (kind === 'track') {
          const key = KEYS[(pick + i) % KEYS.length]!
          registry.track(owner, topic, key, { n: i })
          expected.set(owner, { key, n: i })
        } else if (kind === 'update' && expected.has(owner)) {
          registry.update(owner, topic, { n: i })
          expected.set(owner, { key: expected.get(owner)!.key, n: i })
        } else if (kind === 'untrack') {
          expect(registry.untrack(owner, topic)).toBe(expected.delete(owner))
        } else if (kind === 'attach') {
          const fresh = new Mirror()
          mirrors[node]!.push(fresh)
          registry.hub(topic).attach(fresh, WITH_STATE)
        } else if (kind === 'detach' && mirror) {
          registry.hub(topic).detach(mirror)
          mirrors[node]!.splice(mirrors[node]!.indexOf(mirror), 1)
        } else if (kind === 'resync' && mirror) registry.hub(topic).requestState(mirror)
        else if (kind === 'clog' && mirror) mirror.isCongested = true
        else if (kind === 'readOn' && mirror) readOn(registry, mirror)
        else if (kind === 'storeDown') store.isDown = true
        else if (kind === 'storeUp') store.isDown = false
        else if (kind === 'advance') await clock.advance(ms)
      }

      for (const { store } of nodes) store.isDown = false
      for (const [i, { registry }] of nodes.entries()) for (const one of mirrors[i]!) readOn(registry, one)
      await clock.advance(2000)
      const truth = [...expected.values()].map(({ key, n }) => `${key} ${n}`).sort()
      const summary = (presences: Iterable<{ key: string; meta: Record<string, unknown> }>) =>
        [...presences].map(({ key, meta }) => `${key} ${meta.n}`).sort()
      for (const { registry } of nodes) expect(summary(await registry.list(topic))).toEqual(truth)
      for (const mirror of mirrors.flat()) {
        expect(mirror.problems).toEqual([])
        expect(summary(mirror.set.presences())).toEqual(truth)
      }
      if (expected.size === 0 && mirrors.flat().length === 0) {
        expect([nodes.map(({ registry }) => registry.topicCount), state.topics.size]).toEqual([[0, 0], 0])
      }
    }),
    { numRuns: 200 },
  )
})
