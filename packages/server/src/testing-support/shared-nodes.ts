import { MemoryStore, MemoryStoreState } from '../store/memory/memory-store'
import { ScriptedStore } from './scripted-store'
import { TestNode, type TestNodeOptions } from './test-node'
import { VirtualClock } from './virtual-clock'

export interface SharingNode extends TestNode {
  readonly store: ScriptedStore
  readonly memory: MemoryStore
}

/** Nodes that share one store and one clock. With `isDown`, none of them can reach the store yet. */
export function sharedNodes(count: number, options: TestNodeOptions = {}, isDown = false) {
  const clock = new VirtualClock()
  const state = new MemoryStoreState('e', { clock })
  const open = (seed: number): SharingNode => {
    const memory = new MemoryStore(state)
    const store = new ScriptedStore(memory)
    store.isDown = isDown
    return Object.assign(new TestNode({ ...options, clock, seed, store }), { store, memory })
  }
  const nodes = Array.from({ length: count }, (_, i) => open(i + 1))
  return { clock, state, nodes, open }
}
