/** Parameters of an offer that we can keep to: all but a window of ours that is smaller than zlib's own. */
const PARAMETER =
  /^(server_no_context_takeover|client_no_context_takeover|client_max_window_bits(\s*=\s*"?([89]|1[0-5])"?)?)$/i

/**
 * Of a client's `Sec-WebSocket-Extensions` the offers of permessage-deflate that can be taken; undefined where there
 * are none. An offer that cannot be is to be declined (RFC 7692, 5.1): it is no reason to refuse the client.
 */
export function deflateOffers(header: string | undefined): string | undefined {
  const offers = (header ?? '').split(',').filter((offer) => {
    const [name = '', ...parameters] = offer.split(';').map((part) => part.trim())
    const names = parameters.map((parameter) => parameter.toLowerCase().replace(/\s*=.*/, ''))
    return (
      name.toLowerCase() === 'permessage-deflate' &&
      parameters.every((parameter) => PARAMETER.test(parameter)) &&
      new Set(names).size === names.length
    )
  })
  return offers.length > 0 ? offers.join(',').trim() : undefined
}
