import { tokenSubprotocolOf } from './auth-token'
import { asRollcallError } from './errors'
import type { ResolvedSocketOptions, SocketParams } from './options'

/** Who we are, as one handshake says it. */
export interface Credentials {
  readonly params: SocketParams
  /** Holds the token; null where there is none. */
  readonly tokenSubprotocol: string | null
}

type Sources = Pick<ResolvedSocketOptions, 'params' | 'authToken'>

/**
 * The credentials for one connection; a promise of them where a function makes them, which rejects with
 * `params_failed`.
 */
export function readCredentials({ params, authToken }: Sources): Credentials | Promise<Credentials> {
  if (typeof params !== 'function' && typeof authToken !== 'function')
    return { params, tokenSubprotocol: tokenSubprotocolOf(authToken) }
  const made = Promise.all([
    make('params', async () => (typeof params === 'function' ? params() : params)),
    make('authToken', async () =>
      tokenSubprotocolOf(typeof authToken === 'function' ? await authToken() : authToken),
    ),
  ])
  return made.then(([own, tokenSubprotocol]) => ({ params: own, tokenSubprotocol }))
}

async function make<T>(name: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (thrown) {
    throw asRollcallError(thrown, 'params_failed', (why) => `The function ${name} threw: ${why}`)
  }
}
