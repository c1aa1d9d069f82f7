import { tokenSubprotocolOf } from './auth-token'
import { textsOf } from './connect-params'
import { asRollcallError } from './errors'
import type { Credentials } from './machine/credentials-state'
import type { ResolvedSocketOptions } from './options'

type Sources = Pick<ResolvedSocketOptions, 'params' | 'authToken'>

/** Whether a function makes some of them, so that others may come of it. */
export function isMade({ params, authToken }: Sources): boolean {
  return typeof params === 'function' || typeof authToken === 'function'
}

/** What is to be said of ourselves now; a promise of it where a function makes it, which rejects with `params_failed`. */
export function readCredentials(sources: Sources): Credentials | Promise<Credentials> {
  const { params, authToken } = sources
  if (typeof params !== 'function' && typeof authToken !== 'function')
    return { params: textsOf(params), token: authToken }
  const made = Promise.all([
    make('params', async () => textsOf(typeof params === 'function' ? await params() : params)),
    make('authToken', async () => checked(typeof authToken === 'function' ? await authToken() : authToken)),
  ])
  return made.then(([texts, token]) => ({ params: texts, token }))
}

/** Throws `invalid_argument` for what a subprotocol cannot carry. */
function checked(token: string | null | undefined): string | null {
  tokenSubprotocolOf(token)
  return token ?? null
}

async function make<T>(name: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (thrown) {
    throw asRollcallError(thrown, 'params_failed', (why) => `The function ${name} threw: ${why}`)
  }
}
