export function nodeEnv(): string | undefined {
  return process.env.NODE_ENV
}

/** Whether clients may choose their own user ids. See `mode` in the server's options. */
export type Mode = 'development' | 'production'

/** With these values of NODE_ENV, the address decides the mode. */
const DEVELOPMENT_ENVS: readonly (string | undefined)[] = [undefined, '', 'development', 'test']

/**
 * The default mode is development only if the address is reachable from this machine alone and NODE_ENV does not say
 * otherwise. A server with `NODE_ENV=prod` behind a local proxy must not trust the names that clients choose.
 */
export function modeFor(address: string, nodeEnv: string | undefined): Mode {
  return DEVELOPMENT_ENVS.includes(nodeEnv) && isLoopback(address) ? 'development' : 'production'
}

/** Whether only this machine can reach an address. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(address)
}
