import { applicationMutants } from './application-mutants.ts'
import { credentialsMutants } from './credentials-mutants.ts'
import { doorMutants } from './door-mutants.ts'
import { httpEdgeMutants } from './http-edge-mutants.ts'
import { identityMutants } from './identity-mutants.ts'
import { inputMutants } from './input-mutants.ts'
import type { Mutant } from './mutant.ts'
import { pageLifeMutants } from './page-life-mutants.ts'
import { pageMutants } from './page-mutants.ts'
import { peerMutants } from './peer-mutants.ts'
import { permissionMutants } from './permission-mutants.ts'
import { rateMutants } from './rate-mutants.ts'
import { tokenMutants } from './token-mutants.ts'
import { wireMutants } from './wire-mutants.ts'

/** What there is against strangers (docs/explanation/security.md), taken away piece by piece. */
export const defenceMutants: readonly Mutant[] = [
  ...tokenMutants,
  ...identityMutants,
  ...permissionMutants,
  ...credentialsMutants,
  ...doorMutants,
  ...peerMutants,
  ...pageMutants,
  ...pageLifeMutants,
  ...rateMutants,
  ...inputMutants,
  ...applicationMutants,
  ...httpEdgeMutants,
  ...wireMutants,
]
