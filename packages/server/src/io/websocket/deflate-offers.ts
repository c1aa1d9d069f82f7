/** Window sizes that zlib can keep to, in bits, as a client may write them. */
const WINDOW_BITS = new Set(['8', '9', '10', '11', '12', '13', '14', '15'])

/**
 * Of a client's `Sec-WebSocket-Extensions` the offers of permessage-deflate that can be taken; undefined where there
 * are none. An offer that cannot be is to be declined (RFC 7692, 5.1): it is no reason to refuse the client.
 *
 * The header is split, not matched: a pattern that searches for the end of a name reads a run of spaces again from each
 * of them. (S-43)
 */
export function deflateOffers(header: string | undefined): string | undefined {
  const offers = (header ?? '').split(',').filter((offer) => {
    const [name = '', ...parameters] = offer.split(';').map((part) => part.trim())
    if (name.toLowerCase() !== 'permessage-deflate') return false
    const names = parameters.map(parameterName)
    return parameters.every(isKept) && new Set(names).size === names.length
  })
  return offers.length > 0 ? offers.join(',').trim() : undefined
}

function parameterName(parameter: string): string {
  const end = parameter.indexOf('=')
  return (end < 0 ? parameter : parameter.slice(0, end)).trim().toLowerCase()
}

/** Whether we can keep to a parameter: to all but a window of ours that is smaller than zlib's own. */
function isKept(parameter: string): boolean {
  const equals = parameter.indexOf('=')
  const name = parameterName(parameter)
  if (name === 'client_max_window_bits')
    return equals < 0 || WINDOW_BITS.has(unquoted(parameter.slice(equals + 1)))
  return equals < 0 && (name === 'server_no_context_takeover' || name === 'client_no_context_takeover')
}

function unquoted(value: string): string {
  const text = value.trim()
  return text.length > 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}
