/** What is fetched of a small document at most: a set of keys takes a few kilobytes. */
export const MAX_DOCUMENT_BYTES = 262_144

/** Fetches a document of at most {@link MAX_DOCUMENT_BYTES}; rejects once more has come, and reads no further. */
export async function fetchBounded(
  url: string,
  init: Pick<RequestInit, 'headers' | 'method' | 'redirect' | 'signal'>,
): Promise<Response> {
  const response = await fetch(url, init)
  const { status } = response
  if (status !== 200 || !response.body) {
    letGo(response.body)
    return new Response(null, { status: status === 200 ? 204 : status })
  }
  const reader = response.body.getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    bytes += piece.value.byteLength
    if (bytes > MAX_DOCUMENT_BYTES) {
      letGo(reader)
      throw new Error(`The answer has more than ${MAX_DOCUMENT_BYTES} bytes.`)
    }
    chunks.push(piece.value)
  }
  return new Response(Buffer.concat(chunks), { status })
}

/** Nobody waits for the end of what is not read, nor wants to know how it came about. (S-76) */
function letGo(body: Pick<ReadableStream, 'cancel'> | null): void {
  body?.cancel().catch(() => {})
}
