import { afterEach, describe, expect, test, vi } from 'vitest'
import { fetchBounded, MAX_DOCUMENT_BYTES } from './remote-keys'

afterEach(() => vi.unstubAllGlobals())

/** An answer whose connection breaks as it is given up. */
function answering(status: number, bytes: number): void {
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(bytes)),
    cancel: () => Promise.reject(new Error('the connection broke')),
  })
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, { status })))
}

/** What nobody caught, by the end of the turns that it takes Node to notice. */
async function unhandledWhile(act: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  await act()
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  return unhandled
}

describe('[S-76] an answer that breaks as it is given up', () => {
  test('is what its status says', async () => {
    answering(503, 1)
    const unhandled = await unhandledWhile(async () =>
      expect((await fetchBounded('https://issuer.example', {})).status).toBe(503),
    )
    expect(unhandled).toEqual([])
  })

  test('is told as too large where it was', async () => {
    answering(200, MAX_DOCUMENT_BYTES)
    const unhandled = await unhandledWhile(() =>
      expect(fetchBounded('https://issuer.example', {})).rejects.toThrow(
        `more than ${MAX_DOCUMENT_BYTES} bytes`,
      ),
    )
    expect(unhandled).toEqual([])
  })
})
