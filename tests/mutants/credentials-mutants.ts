import { client, type Mutant } from './mutant.ts'

/** What a client does with the credentials that it has, and with those that it cannot get. */
export const credentialsMutants: readonly Mutant[] = [
  {
    name: 'failed-renewal-forgets',
    law: 'C-34',
    breaks: 'a renewal that fails takes the last good credentials with it',
    file: `${client}/machine/credentials-renewal.ts`,
    find: "state: { name: 'held', good, asked, failures },",
    replace: "state: { name: 'held', good: { ...good, isVoid: true }, asked, failures },",
    tests: [`${client}/machine/credentials`, `${client}/refresh`],
  },
  {
    name: 'no-way-back',
    law: 'C-34',
    breaks: 'a reconnect whose function throws does not use the last good credentials',
    file: `${client}/machine/credentials.ts`,
    find: 'if (isUsable(state.good, context)) return open(state, state.good.credentials, false)\n',
    replace: '',
    tests: [`${client}/machine/credentials`, `${client}/refresh`],
  },
  {
    name: 'no-second-try',
    law: 'C-34',
    breaks: 'a renewal that failed is not tried again',
    file: `${client}/machine/credentials-renewal.ts`,
    find: 'delayMs: hasEnd ? delayMs : null',
    replace: 'delayMs: hasEnd ? null : null',
    tests: [`${client}/machine/credentials`, `${client}/refresh`],
  },
  {
    name: 'expired-again',
    law: 'C-35',
    breaks: 'a client comes back again and again with what the server said is over',
    file: `${client}/machine/credentials.ts`,
    find: "if (good.isVoid) return part(state, [{ kind: 'expire', close: null }])",
    replace: '',
    tests: [`${client}/machine/credentials`, `${client}/expiry`],
  },
  {
    name: 'expired-for-ever',
    law: 'C-35',
    breaks: 'a client that has nothing but what is over goes on trying',
    file: `${client}/machine/credentials.ts`,
    find: "const kind = isExpiry && !canRenew ? 'expire' : 'pass'",
    replace: "const kind = isExpiry && canRenew === null ? 'expire' : 'pass'",
    tests: [`${client}/machine/credentials`, `${client}/expiry`],
  },
]
