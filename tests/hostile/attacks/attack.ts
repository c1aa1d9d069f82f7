import type { Arena } from './arena'
import type { ServerKind } from './servers'

/** What a stranger may try, and how it has to end. */
export interface Attack {
  readonly name: string
  /** What the stranger does, in a few words. */
  readonly tries: string
  /** Which server it needs. */
  readonly server: ServerKind
  /** Whether the server tells whoever runs it that something of theirs fails, which is an error in its log. */
  readonly isLogged: boolean
  /** Does it, and says how it was refused. Rejects where it was not as it should be. */
  attempt(arena: Arena): Promise<string>
}

/** An attack in two halves: what came of it, and whether that is as it should be. */
export interface AttackDefinition<Outcome> {
  readonly name: string
  readonly tries: string
  /** @default 'serve' */
  readonly server?: ServerKind
  /** @default false */
  readonly isLogged?: boolean
  run(arena: Arena): Promise<Outcome>
  /** How it was refused. Throws where it was not as it should be. */
  check(outcome: Outcome, arena: Arena): string
}

export function defineAttack<Outcome>(definition: AttackDefinition<Outcome>): Attack {
  const { name, tries, server = 'serve', isLogged = false } = definition
  return {
    name,
    tries,
    server,
    isLogged,
    attempt: async (arena) => definition.check(await definition.run(arena), arena),
  }
}
