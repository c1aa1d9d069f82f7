import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { ChunkOverhead, tooManyChunks } from './chunk-overhead'

/** The overhead of a body in these chunks. */
async function overheadOf(chunkBytes: number, count: number, trailers: readonly string[] = []) {
  const request = new IncomingMessage(new Socket())
  const overhead = new ChunkOverhead(request)
  for (let i = 0; i < count; i++) {
    request.push(Buffer.alloc(chunkBytes))
    // Each chunk arrives in a turn of its own, as the stream would join them otherwise.
    await new Promise<void>((resolve) => void setImmediate(resolve))
  }
  request.rawTrailers = [...trailers]
  request.push(null)
  await new Promise<void>((resolve) => void setImmediate(resolve))
  return { bytes: overhead.bytes, isExcessive: overhead.isExcessive }
}

test('[S-108] each chunk of a body counts 64 bytes, and so does each trailer', async () => {
  expect(await overheadOf(1000, 3)).toEqual({ bytes: 192, isExcessive: false })
  expect(await overheadOf(1000, 3, ['a', '1', 'b', '2'])).toEqual({ bytes: 320, isExcessive: false })
})

test('[S-108] many chunks are excessive when they are smaller than what each costs', async () => {
  expect(await overheadOf(1, 64)).toEqual({ bytes: 4096, isExcessive: false })
  expect(await overheadOf(1, 65)).toEqual({ bytes: 4160, isExcessive: true })
  expect(await overheadOf(63, 65)).toMatchObject({ isExcessive: true })
  expect(await overheadOf(64, 65)).toMatchObject({ isExcessive: false })
  expect(tooManyChunks()).toMatchObject({ status: 413, message: expect.stringContaining('64 chunks') })
})
