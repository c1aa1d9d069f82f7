import { handMadeToken, nowSeconds } from '../../hostile/attacks/jwt'

export const SECRET = 'a secret of at least thirty-two bytes'

/** A JWT for `jwtAuthenticate({ secret: SECRET })`, which is over at the end of that second. */
export function tokenOf(id: string, expiresInSeconds: number): string {
  return handMadeToken({ sub: id, exp: nowSeconds() + expiresInSeconds }, SECRET)
}
