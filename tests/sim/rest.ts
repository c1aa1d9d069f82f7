import type { SimClient } from './sim-client'
import { isSame, metasOf, show } from './witness'

/*
 * What must hold of a topic once everything is delivered and nothing waits any more: the laws of rest, each answered
 * with what breaks it.
 */

/** One presence, as the server lists it. */
interface HeldPresence {
  readonly key: string
  readonly meta: { readonly n: number }
}

export interface TopicAtRest {
  readonly topic: string
  /** What the server holds. */
  readonly held: readonly HeldPresence[]
  /** The pages that are open, with what they want. */
  readonly clients: readonly SimClient[]
}

/** [S-8] Nobody is present who has been gone for longer than the bound. */
export function findGhosts({ topic, held, clients }: TopicAtRest): string[] {
  const wanted = new Set(clients.filter(({ intents }) => intents.has(topic)).map(({ key }) => key))
  return held
    .filter(({ key }) => !wanted.has(key))
    .map(({ key }) => `[S-8] ${key} is a ghost in ${topic} after the bound`)
}

/** [S-11] The server holds what the model wants, and [C-18] everybody shows what the server holds. */
export function findStrayMaps({ topic, held, clients }: TopicAtRest): string[] {
  const expected = expectedOf(topic, clients)
  const byKey = new Map<string, HeldPresence[]>()
  for (const presence of held) byKey.set(presence.key, [...(byKey.get(presence.key) ?? []), presence])
  const server = new Map([...byKey].map(([key, presences]) => [key, metasOf(presences)]))
  const violations: string[] = []
  if (!fits(server, expected))
    violations.push(`[S-11] the server holds ${show(server)} in ${topic}, the model ${show(shown(expected))}`)
  for (const client of clients) violations.push(...checkMap(client, topic, server))
  return violations
}

function checkMap(client: SimClient, topic: string, server: ReadonlyMap<string, string>): string[] {
  if (!client.intents.has(topic)) return []
  const channel = client.channel(topic)
  if (channel?.status !== 'joined') return [`[C-15] ${client.name} is ${channel?.status} in ${topic} at rest`]
  const violations: string[] = []
  if (channel.presence.isStale)
    violations.push(`[C-18] the map of ${client.name} in ${topic} is stale at rest`)
  const map = new Map(channel.presence.list().map(({ key, presences }) => [key, metasOf(presences)]))
  if (!isSame(map, server))
    violations.push(`[C-18] ${client.name} shows ${show(map)} in ${topic}, the server holds ${show(server)}`)
  return violations
}

/** Key to the metas that its pages want to show; null for one that nobody can say. */
function expectedOf(topic: string, clients: readonly SimClient[]): Map<string, (number | null)[]> {
  const expected = new Map<string, (number | null)[]>()
  for (const { key, intents } of clients) {
    const intent = intents.get(topic)
    if (intent) expected.set(key, [...(expected.get(key) ?? []), intent.n])
  }
  return expected
}

/** Whether a map is what the model wants, where the model can say. */
function fits(
  map: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, readonly (number | null)[]>,
): boolean {
  if (map.size !== expected.size) return false
  for (const [key, wanted] of expected) {
    const shownMetas = (map.get(key) ?? '').split(',').map(Number)
    if (shownMetas.length !== wanted.length) return false
    const left = [...shownMetas]
    for (const n of wanted) {
      if (n === null) continue
      const index = left.indexOf(n)
      if (index === -1) return false
      left.splice(index, 1)
    }
  }
  return true
}

function shown(expected: ReadonlyMap<string, readonly (number | null)[]>): Map<string, string> {
  return new Map([...expected].map(([key, metas]) => [key, metas.join(',')]))
}
