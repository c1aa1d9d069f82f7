import {
  DEFAULT_LIMITS,
  type Dialect,
  type Frame,
  type Limits,
  rollcallDialect,
} from '@rollcall/shared-protocol'
import type { Packet } from '../io/packet'
import { DEFAULT_FLUSH, type FlushOptions } from '../presence/flush-machine'
import { DEFAULT_HISTORY, type HistoryOptions } from '../presence/history'
import { PresenceRegistry } from '../presence/presence-registry'
import type { Subscriber, SubscriptionStart } from '../presence/subscribers'
import { MemoryStore, MemoryStoreState } from '../store/memory/memory-store'
import { RecordingLog } from './recording-log'
import { ScriptedStore } from './scripted-store'
import { VirtualClock } from './virtual-clock'

export interface TestRegistryOptions {
  readonly limits?: Partial<Limits>
  readonly flush?: Partial<FlushOptions>
  readonly history?: Partial<HistoryOptions>
  readonly maxQueuedChanges?: number
  readonly clock?: VirtualClock
  /** Share it with other nodes. */
  readonly state?: MemoryStoreState
  readonly name?: string
}

/** A registry over a memory store with failures on demand, in virtual time. */
export function testRegistry(options: TestRegistryOptions = {}) {
  const { clock = new VirtualClock(), state = new MemoryStoreState('e'), name = 'n1' } = options
  const store = new ScriptedStore(new MemoryStore(state))
  const log = new RecordingLog()
  let refs = 0
  const registry = new PresenceRegistry({
    store,
    clock,
    log,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    flush: { ...DEFAULT_FLUSH, ...options.flush },
    writeCost: { costMs: 0, takeTurn: () => false },
    history: { ...DEFAULT_HISTORY, ...options.history },
    maxQueuedChanges: options.maxQueuedChanges ?? 10_000,
    mintRef: () => `${name}-${refs++}`,
  })
  store.connect({
    onSessionClaimed: () => {},
    onReachable: (isReachable) => registry.setReachable(isReachable),
  })
  return { clock, state, store, log, registry }
}

export const WITH_STATE: SubscriptionStart = {
  onStarted: null,
  withState: true,
  isReturning: false,
  since: null,
  ownRef: null,
}

/** A subscriber that records what it gets. */
export class ListeningMember implements Subscriber {
  readonly frames: Frame[] = []
  readonly packets: Packet[] = []
  readonly dialect: Dialect
  readonly receivesPresence = true
  isCongested = false
  hasStateRoom = true
  canSendState(): boolean {
    return this.hasStateRoom
  }
  /** Called with every delivery. Use it to simulate a slow encoder or socket. */
  onDeliver: () => void = () => {}

  constructor(dialect: Dialect = rollcallDialect) {
    this.dialect = dialect
  }

  deliver(packet: Packet): void {
    this.packets.push(packet)
    this.frames.push(...packet.frames)
    this.onDeliver()
  }

  /** What it got since the last look: the native event and payload, or the whole frame. */
  // biome-ignore lint/suspicious/noExplicitAny: frames of any dialect; the tests say what they must be.
  heard(): [event: string, payload: any][] {
    return this.frames.splice(0).map((frame) => {
      const parsed = JSON.parse(frame as string)
      return Array.isArray(parsed) ? [parsed[3], parsed[4]] : [parsed.event ?? parsed.type, parsed.payload]
    })
  }
}

/** A registry with a subscriber that has its state already. */
export async function watched(options: TestRegistryOptions = {}) {
  const all = testRegistry(options)
  const watcher = new ListeningMember()
  all.registry.hub('room:lobby').attach(watcher, WITH_STATE)
  await all.clock.advance(500)
  watcher.heard()
  return { ...all, watcher }
}
