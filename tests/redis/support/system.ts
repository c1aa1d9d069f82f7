import { expect } from 'vitest'
import { Balancer } from './balancer'
import { soon } from './member'
import { RollcallProcess } from './rollcall-process'
import { mapOf, Visitor } from './visitor'

/** Registers what ends something when the test does, whatever becomes of it. */
export type AtEnd = (end: () => void | Promise<void>) => void

/** Several processes of Rollcall over one Redis, something in front that spreads connections, and people. */
export class System {
  readonly nodes: RollcallProcess[] = []
  readonly visitors: Visitor[] = []
  readonly topic = 'room:lobby'
  readonly balancer: Balancer
  readonly #flags: readonly string[]

  private constructor(balancer: Balancer, flags: readonly string[]) {
    this.balancer = balancer
    this.#flags = flags
  }

  /** @param flags those of `rollcall serve` that say where Redis is, and what else is wanted. */
  static async start(atEnd: AtEnd, flags: readonly string[], count = 3): Promise<System> {
    const system = new System(await Balancer.start(), flags)
    atEnd(() => system.#end())
    await Promise.all(Array.from({ length: count }, () => system.addNode()))
    return system
  }

  /** One more, which takes connections at once. */
  async addNode(): Promise<RollcallProcess> {
    const node = await RollcallProcess.start(this.#flags)
    this.nodes.push(node)
    this.balancer.backends = [...this.nodes]
    return node
  }

  /** Sends it no more connections. */
  remove(node: RollcallProcess): void {
    this.nodes.splice(this.nodes.indexOf(node), 1)
    this.balancer.backends = [...this.nodes]
  }

  /** Somebody comes, by the balancer or straight to a port, to which they then always come back. */
  async visit(name: string, node?: { readonly port: number }): Promise<Visitor> {
    const visitor = await Visitor.come(name, node?.port ?? this.balancer.port, this.topic)
    this.visitors.push(visitor)
    return visitor
  }

  /** So many come by the balancer, one after the other, so that they are spread over the nodes. */
  async crowd(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.visit(`v${i}`)
    await this.converge()
  }

  /** Everybody changes their meta all the time. */
  bustle(everyMs: number): void {
    for (const visitor of this.visitors) visitor.bustle(everyMs)
  }

  /** Nobody changes anything any more. */
  rest(): void {
    for (const visitor of this.visitors) visitor.rest()
  }

  /** All who are `here` see all of these with what they last said, and nobody else. */
  async converge(withinMs = 5000, here: readonly Visitor[] = this.visitors): Promise<void> {
    await soon(() => {
      for (const visitor of here)
        expect({ of: visitor.name, map: visitor.map }).toEqual({ of: visitor.name, map: mapOf(here) })
    }, withinMs)
  }

  /** Nobody was told of a leave, or shown anybody twice; and every update was taken. */
  expectUnseen(): void {
    for (const { leaves, doubles, failures } of this.visitors)
      expect({ leaves, doubles: [...doubles], failures }).toEqual({ leaves: [], doubles: [], failures: [] })
  }

  async #end(): Promise<void> {
    for (const visitor of this.visitors) visitor.go()
    await Promise.all(this.nodes.map((node) => node.kill()))
    await this.balancer.close()
  }
}
