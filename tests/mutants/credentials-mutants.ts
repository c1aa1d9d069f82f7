import { client, type Mutant } from './mutant.ts'

/** What a client does with the credentials that it has, and with those that it cannot get. */
export const credentialsMutants: readonly Mutant[] = [
  {
    name: 'failed-renewal-forgets',
    law: 'C-34',
    breaks: 'a renewal that fails removes the last accepted credentials',
    file: `${client}/credentials/credentials-renewal.ts`,
    find: "state: { name: 'valid', lastAccepted, fetchId, failures },",
    replace:
      "state: { name: 'valid', lastAccepted: { ...lastAccepted, isRejected: true }, fetchId, failures },",
    tests: [`${client}/credentials/credentials-machine`, `${client}/credentials/refresh`],
  },
]
