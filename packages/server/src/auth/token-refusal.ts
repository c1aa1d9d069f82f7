import { errors } from 'jose'
import { HandshakeError } from '../session/identity'
import { KeysUnavailable } from './remote-keys'

/*
 * What a refused client is told. Of a token whose signature does not fit it learns nothing more than that; only who
 * holds a token that was properly signed is told what is wrong with it. The errors have no cause: jose's carry the
 * token's claims, which would end up in a log.
 */

export function tokenMissing(): HandshakeError {
  return new HandshakeError(
    401,
    'Say who you are: send a token as "Authorization: Bearer …", or as the client\'s authToken.',
    'token_missing',
  )
}

export function tokenInvalid(
  message = 'The token is not valid here: it must be a signed JWT from whom this server trusts, sent unchanged.',
): HandshakeError {
  return new HandshakeError(401, message, 'token_invalid')
}

/** The refusal for what checking a token failed with; null for what is no fault of a token or of its keys. */
export function tokenRefusal(error: unknown): HandshakeError | null {
  if (error instanceof HandshakeError) return error
  if (error instanceof KeysUnavailable) {
    return new HandshakeError(
      503,
      'Tokens cannot be checked at the moment. Try again soon.',
      'keys_unavailable',
    )
  }
  if (error instanceof errors.JWTExpired) {
    return new HandshakeError(
      401,
      'The token has expired. Get a new one, and connect again with it.',
      'token_expired',
    )
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error
    if (claim === 'iss' || claim === 'aud') {
      return new HandshakeError(
        403,
        `The token was made for another service, or by another issuer: its claim "${claim}" does not fit.`,
        'token_not_for_us',
      )
    }
    if (claim === 'nbf' && reason === 'check_failed')
      return tokenInvalid('The token is not valid yet: its time ("nbf") has not come.')
    return tokenInvalid(`The token's claim "${claim}" cannot be used.`)
  }
  return error instanceof errors.JOSEError ? tokenInvalid() : null
}
