/** What the process was told of where it runs. */
export function nodeEnv(): string | undefined {
  return process.env.NODE_ENV
}

/** Who may be trusted to say who they are. See `mode` in the server's options. */
export type Mode = 'development' | 'production'

/** Values of NODE_ENV that leave the choice to the address. */
const DEVELOPMENT_ENVS: readonly (string | undefined)[] = [undefined, '', 'development', 'test']

/**
 * Development is the default only where nobody from elsewhere can connect, and NODE_ENV names nothing else: `prod` or
 * `Production` behind a proxy on this machine must not mean that names are taken on trust.
 */
export function modeFor(address: string, nodeEnv: string | undefined): Mode {
  return DEVELOPMENT_ENVS.includes(nodeEnv) && isLoopback(address) ? 'development' : 'production'
}

/** Whether an address can be reached from this machine only. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(address)
}
