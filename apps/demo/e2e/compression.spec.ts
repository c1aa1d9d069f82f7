import { expect, test } from './support/test'

test('a browser agrees on compression, and reads what was compressed', async ({ page, server }) => {
  await page.goto(server.url)
  const { extensions, body } = await page.evaluate(async () => {
    const socket = new WebSocket(`ws://${location.host}/socket`, 'rollcall.v1')
    await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
    socket.send(JSON.stringify(['1', '1', 'room:packed', 'phx_join', { meta: {} }]))
    socket.send(JSON.stringify(['1', '2', 'room:packed', 'shout', { body: 'long '.repeat(2000) }]))
    const body = await new Promise<unknown>((resolve) => {
      socket.addEventListener('message', ({ data }) => {
        const [, , , event, payload] = JSON.parse(data)
        if (event === 'shout') resolve(payload.body)
      })
    })
    const { extensions } = socket
    socket.close()
    return { extensions, body }
  })
  expect(extensions).toContain('permessage-deflate')
  expect(body).toBe('long '.repeat(2000))
})
