import { isIP, isIPv4 } from 'node:net'

/*
 *   '::ffff:192.0.2.7'          192.0.2.7            192.0.2.7
 *   '192.0.2.7:51234'           192.0.2.7            192.0.2.7
 *   '[2001:db8:1:2:3::9]:443'   2001:db8:1:2:3::9    2001:db8:1:2::/64
 *   'unknown'                   ''                   ''
 *      as it came                  plainAddress         addressGroup
 */

/** Hexadecimal groups of an IPv6 address, and of the part of it that tells a network. */
const GROUPS = 8
const NETWORK_GROUPS = 4

/**
 * An address as a proxy or a socket says it, without a port, and one of IPv4 as that (a socket that listens to both says
 * `::ffff:192.0.2.7`). Empty for what is no address: a proxy may pass on anything.
 */
export function plainAddress(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1]
  const withPort = /^([\d.]+):\d+$/.exec(text)?.[1]
  // The zone (`fe80::1%eth0`) is a name of this machine's.
  const address = (bracketed ?? withPort ?? text).split('%', 1)[0] as string
  const version = isIP(address)
  if (version === 0) return ''
  return version === 4 ? address : (mappedIPv4(groupsOf(address)) ?? address.toLowerCase())
}

/**
 * What is counted as one peer: an IPv4 address, or the /64 network of an IPv6 one, since whoever has one address of it
 * has them all (RFC 4291, 2.5.4). All that is no address is one peer.
 */
export function addressGroup(address: string): string {
  const plain = plainAddress(address)
  if (plain === '' || isIPv4(plain)) return plain
  const network = groupsOf(plain).slice(0, NETWORK_GROUPS)
  return `${network.map((group) => group.toString(16)).join(':')}::/64`
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const before = numbersOf(head)
  if (tail === undefined) return before
  const after = numbersOf(tail)
  const zeros = Array.from({ length: GROUPS - before.length - after.length }, () => 0)
  return [...before, ...zeros, ...after]
}

function numbersOf(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

/** The IPv4 address that an IPv6 one stands for (`::ffff:0:0/96`), or null. */
function mappedIPv4(groups: readonly number[]): string | null {
  const [high = 0, low = 0] = groups.slice(6)
  if (groups[5] !== 0xffff || groups.slice(0, 5).some((group) => group !== 0)) return null
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
