import { createHmac } from 'node:crypto'

export const SECRET = 'a secret of at least thirty-two bytes'

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A JWT for `jwtAuthenticate({ secret: SECRET })`, which is over at the end of that second. */
export function tokenOf(id: string, expiresInSeconds: number): string {
  const exp = Math.floor(Date.now() / 1000) + expiresInSeconds
  const content = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url({ sub: id, exp })}`
  return `${content}.${createHmac('sha256', SECRET).update(content).digest('base64url')}`
}
