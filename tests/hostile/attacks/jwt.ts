import { createHmac } from 'node:crypto'

/*
 * Tokens made by hand, as no library would: with a wrong signature, without one, long over.
 */

export interface Claims {
  readonly sub?: string
  /** Unix seconds. */
  readonly exp?: number
}

const NAMES = { HS256: 'sha256', HS512: 'sha512' } as const

export function handMadeToken(claims: Claims, secret: string, alg: keyof typeof NAMES = 'HS256'): string {
  const signed = `${part({ alg, typ: 'JWT' })}.${part(claims)}`
  return `${signed}.${createHmac(NAMES[alg], secret).update(signed).digest('base64url')}`
}

/** A token that says of itself that nobody signed it. */
export function unsignedToken(claims: Claims, alg = 'none', signature = ''): string {
  return `${part({ alg, typ: 'JWT' })}.${part(claims)}.${signature}`
}

export function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
