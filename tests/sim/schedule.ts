import fc from 'fast-check'
import { KEYS, TOPICS, World } from './world'

/** One thing that happens. What does not apply (a drop where nobody is connected) does nothing. */
export type Op =
  | { readonly op: 'open'; readonly slot: number; readonly key: number }
  | { readonly op: 'join'; readonly slot: number; readonly topic: number; readonly n: number }
  | { readonly op: 'leave'; readonly slot: number; readonly topic: number }
  | { readonly op: 'update'; readonly slot: number; readonly topic: number; readonly n: number }
  | { readonly op: 'close'; readonly slot: number }
  | { readonly op: 'drop'; readonly slot: number }
  | { readonly op: 'halfOpen'; readonly slot: number }
  | { readonly op: 'clog'; readonly slot: number }
  | { readonly op: 'readOn'; readonly slot: number }
  | { readonly op: 'refresh'; readonly slot: number }
  | { readonly op: 'duplicateTab'; readonly slot: number; readonly into: number }
  | { readonly op: 'duplicateFrame'; readonly slot: number }
  | { readonly op: 'jump'; readonly slot: number; readonly ms: number }
  | { readonly op: 'deliver'; readonly choices: readonly number[] }
  | { readonly op: 'deliverAll' }
  | { readonly op: 'wait'; readonly ms: number }
  /** A server's process dies, and another one starts in its place. */
  | { readonly op: 'restart'; readonly node?: number }
  | { readonly op: 'drain'; readonly node: number }
  | { readonly op: 'storeAway'; readonly ms: number; readonly losesAnswer: boolean }
  | { readonly op: 'quiet' }

export interface Schedule {
  readonly seed: number
  /** Servers that share a store; 0, or none given, for one with a store of its own. */
  readonly nodes?: number
  /** Pages that are joined and at rest as the schedule begins: from nothing, most steps would find nobody. */
  readonly pages: number
  readonly ops: readonly Op[]
}

const slot = fc.nat(4)
const topic = fc.nat(TOPICS.length - 1)
const n = fc.nat(9)

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('open' as const), slot, key: fc.nat(KEYS.length - 1) }),
  },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('join' as const), slot, topic, n }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('leave' as const), slot, topic }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('update' as const), slot, topic, n }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('close' as const), slot }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('drop' as const), slot }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('halfOpen' as const), slot }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('clog' as const), slot }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('readOn' as const), slot }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('refresh' as const), slot }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('duplicateTab' as const), slot, into: slot }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('duplicateFrame' as const), slot }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('jump' as const),
      slot,
      ms: fc.integer({ min: -3_600_000, max: 3_600_000 }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      op: fc.constant('deliver' as const),
      choices: fc.array(fc.nat(9), { minLength: 1, maxLength: 8 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ op: fc.constant('deliverAll' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.constantFrom(10, 60, 300, 1000, 2500) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('restart' as const), node: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('drain' as const), node: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('storeAway' as const),
      ms: fc.constantFrom(100, 600, 3000),
      losesAnswer: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('quiet' as const) }) },
)

/** Any schedule; those that fail shrink to the few steps that matter. */
export const anySchedule: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.integer(),
  nodes: fc.constantFrom(0, 1, 3),
  pages: fc.integer({ min: 0, max: 4 }),
  ops: fc.array(op, { minLength: 5, maxLength: 60, size: 'max' }),
})

/** Plays a schedule to its end, rests, and returns every law that was broken. */
export async function play({ seed, nodes, pages, ops }: Schedule): Promise<readonly string[]> {
  const world = new World(seed, nodes)
  try {
    for (let page = 0; page < pages; page++) {
      world.open(page, KEYS[page % KEYS.length] ?? 'ada')?.join(TOPICS[0], page)
    }
    for (let round = 0; round < 5; round++) {
      await world.deliverAll()
      await world.wait(50)
    }
    for (const step of ops) {
      await perform(world, step)
      await world.time.advance(0)
      world.observe()
    }
    await rest(world)
    return world.violations
  } finally {
    await world.end()
  }
}

/** Nobody's line is clogged for ever: whoever is to be looked at has read what there is to read. */
function rest(world: World): Promise<void> {
  for (const { link } of world.clients) link?.readOn()
  return world.quiet()
}

async function perform(world: World, step: Op): Promise<void> {
  switch (step.op) {
    case 'open':
      world.open(step.slot, KEYS[step.key] ?? 'ada')
      return
    case 'join':
      return world.at(step.slot)?.join(TOPICS[step.topic] ?? 'room:a', step.n)
    case 'leave':
      return world.at(step.slot)?.leave(TOPICS[step.topic] ?? 'room:a')
    case 'update':
      return world.at(step.slot)?.update(TOPICS[step.topic] ?? 'room:a', step.n)
    case 'close':
      return world.close(step.slot)
    case 'drop':
      return world.at(step.slot)?.link?.drop()
    case 'halfOpen':
      return world.at(step.slot)?.link?.cut()
    case 'clog':
      return world.at(step.slot)?.link?.clog()
    case 'readOn':
      return world.at(step.slot)?.link?.readOn()
    case 'refresh':
      return world.refresh(step.slot)
    case 'duplicateTab':
      return world.duplicateTab(step.slot, step.into)
    case 'duplicateFrame':
      return world.at(step.slot)?.link?.duplicateToClient()
    case 'jump':
      return world.at(step.slot)?.process.jump(step.ms)
    case 'deliver':
      return world.deliver(step.choices)
    case 'deliverAll':
      return world.deliverAll()
    case 'wait':
      return world.wait(step.ms)
    case 'restart':
      return world.cluster.crash(step.node ?? 0)
    case 'drain':
      return world.cluster.drain(step.node)
    case 'storeAway':
      return world.cluster.goAway(step.ms, step.losesAnswer)
    case 'quiet':
      return rest(world)
  }
}
