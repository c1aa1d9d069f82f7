/** Who may be trusted to say who they are. See `mode` in the server's options. */
export type Mode = 'development' | 'production'

/** Development is the default only where nobody from elsewhere can connect. */
export function modeFor(address: string, nodeEnv: string | undefined): Mode {
  return nodeEnv !== 'production' && isLoopback(address) ? 'development' : 'production'
}

/** Whether an address can be reached from this machine only. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(address)
}
