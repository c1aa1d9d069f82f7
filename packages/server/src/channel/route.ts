import type { Topic } from '@rollcall/shared-protocol'
import { CONTROL_TOPIC } from '../session/control-line'
import { type ChannelDefinition, type ResolvedChannel, resolveChannel } from './define-channel'

/** Finds the channel definition for a topic: exact ones by lookup, then prefixes in the order in which they stand. */
export class Router {
  readonly #exact = new Map<Topic, ResolvedChannel>()
  readonly #prefixes: { readonly prefix: string; readonly channel: ResolvedChannel }[] = []

  constructor(definitions: readonly ChannelDefinition[]) {
    for (const channel of definitions.map(resolveChannel)) {
      const { topicPattern } = channel
      if (topicPattern.endsWith('*')) this.#prefixes.push({ prefix: topicPattern.slice(0, -1), channel })
      else if (!this.#exact.has(topicPattern)) this.#exact.set(topicPattern, channel)
    }
  }

  find(topic: Topic): ResolvedChannel | null {
    // What nodes say to each other is no channel's.
    if (topic === CONTROL_TOPIC) return null
    return (
      this.#exact.get(topic) ?? this.#prefixes.find(({ prefix }) => topic.startsWith(prefix))?.channel ?? null
    )
  }
}
