import { isIP, isIPv4 } from 'node:net'

/*
 *   input                       plainAddress         addressGroup
 *   '::ffff:192.0.2.7'          192.0.2.7            192.0.2.7
 *   '192.0.2.7:51234'           192.0.2.7            192.0.2.7
 *   '[2001:db8:1:2:3::9]:443'   2001:db8:1:2:3::9    2001:db8:1:2::/64
 *   'unknown'                   ''                   ''
 *
 * `isIP` of Node decides what an address is. The few lines that expand a valid IPv6 address stay here: `ipaddr.js` also
 * accepts forms such as `0x7f.1`, so it would need the same check in front of it.
 */

/** An IPv6 address has eight groups; the first four name its /64 network. */
const GROUPS = 8
const NETWORK_GROUPS = 4

/**
 * Normalizes an address from a socket or a proxy: removes the port and the zone, and turns an IPv4-mapped address such as
 * `::ffff:192.0.2.7` into IPv4. Returns an empty string for anything that is not an address.
 */
export function plainAddress(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1]
  const withPort = /^([\d.]+):\d+$/.exec(text)?.[1]
  // The zone of `fe80::1%eth0` names an interface of this machine.
  const address = (bracketed ?? withPort ?? text).split('%', 1)[0] as string
  const version = isIP(address)
  if (version === 0) return ''
  return version === 4 ? address : (mappedIPv4(groupsOf(address)) ?? address.toLowerCase())
}

/**
 * Returns what limits count as one peer: an IPv4 address, or the /64 network of an IPv6 address, because a client usually
 * controls its whole /64 (RFC 4291, 2.5.4). All invalid addresses count as one peer.
 */
export function addressGroup(address: string): string {
  const plain = plainAddress(address)
  if (plain === '' || isIPv4(plain)) return plain
  const network = groupsOf(plain).slice(0, NETWORK_GROUPS)
  return `${network.map((group) => group.toString(16)).join(':')}::/64`
}

/** Expands an IPv6 address to its eight numbers. */
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

/** Returns the IPv4 address of an IPv4-mapped IPv6 address (`::ffff:0:0/96`), or null. */
function mappedIPv4(groups: readonly number[]): string | null {
  const [high = 0, low = 0] = groups.slice(6)
  if (groups[5] !== 0xffff || groups.slice(0, 5).some((group) => group !== 0)) return null
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
