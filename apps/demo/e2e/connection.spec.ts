import { expect, test } from './support/test'
import type { Visitor } from './support/visitor'

const bar = (visitor: Visitor) => visitor.page.getByRole('region', { name: 'Connection' })

test('the network goes and comes back: nobody reloads, nothing flickers', async ({ arrive, cable }) => {
  const ada = await arrive('Ada', { url: cable.url })
  const bob = await arrive('Bob')
  await expect(ada.rows()).toHaveCount(2)
  const fewest = await ada.watchRoster()

  await cable.cut()
  await expect(bar(ada)).toContainText('The connection is lost. You see who was here last.')
  await expect(bar(ada).getByRole('timer')).toHaveText(/Next try in \d+ s/, { timeout: 15_000 })
  await expect(ada.page.getByRole('heading', { name: 'Last seen here' })).toBeVisible()
  await expect(ada.row('Bob')).toBeVisible()
  // Bob's side is whole: his server knows that Ada is gone.
  await expect(bar(bob)).toBeHidden()

  // What is written meanwhile waits.
  await ada.say('Can you hear me?')
  await expect(ada.line('Can you hear me?')).toBeVisible()
  await expect(ada.log.getByText('sending…')).toBeVisible()

  await cable.mend()
  await expect(bar(ada)).toBeHidden({ timeout: 20_000 })
  await expect(ada.page.getByRole('heading', { name: 'Here now' })).toBeVisible()
  await expect(bob.line('Can you hear me?')).toHaveCount(1)
  await expect(ada.line('Can you hear me?')).toHaveCount(1)
  await expect(ada.log.getByText('sending…')).toBeHidden()
  await expect(bob.rows()).toHaveCount(2)
  expect(await fewest()).toBe(2)
})

test('the wait counts down, and nobody needs to sit through it', async ({ arrive, cable }) => {
  const ada = await arrive('Ada', { url: cable.url })
  // The longest wait that chance allows: 1, 2, 4, 8 seconds.
  await ada.page.addInitScript(() => {
    Math.random = () => 0.999
  })
  await ada.page.reload()
  await expect(ada.rows()).toHaveCount(1)
  await cable.cut()
  const timer = bar(ada).getByRole('timer')
  await expect(timer).toHaveText('Next try in 8 s', { timeout: 15_000 })
  await expect(timer).toHaveText('Next try in 7 s')
  await expect(timer).toHaveText('Next try in 6 s')
  await cable.mend()
  await bar(ada).getByRole('button', { name: 'Try now' }).click()
  await expect(bar(ada)).toBeHidden({ timeout: 4_000 })
  await expect(ada.page.getByRole('heading', { name: 'Here now' })).toBeVisible()
})

test('the server restarts under everybody, and everybody is back', async ({ arrive, server }) => {
  const people = [await arrive('Ada'), await arrive('Bob'), await arrive('Cleo')]
  const [ada, bob] = people as [Visitor, Visitor, Visitor]
  for (const visitor of people) await expect(visitor.rows()).toHaveCount(3)
  await ada.chooseStatus('Busy')
  await expect(bob.row('Ada')).toContainText('Busy')
  await ada.say('Before the restart')
  await expect(bob.line('Before the restart')).toBeVisible()
  const fewest = await Promise.all(people.map((visitor) => visitor.watchRoster()))

  await server.kill()
  for (const visitor of people) {
    await expect(bar(visitor).getByRole('timer')).toHaveText(/Next try in \d+ s/, { timeout: 15_000 })
    await expect(visitor.rows()).toHaveCount(3)
  }
  await server.start()

  for (const visitor of people) {
    await expect(bar(visitor)).toBeHidden({ timeout: 20_000 })
    await expect(visitor.page.getByRole('heading', { name: 'Here now' })).toBeVisible()
    await expect(visitor.rows()).toHaveCount(3)
  }
  // The new server knows what the old one did: everybody told it.
  await expect(bob.row('Ada')).toContainText('Busy')
  await expect(bob.line('Before the restart')).toBeVisible()
  await bob.say('After the restart')
  for (const visitor of people) await expect(visitor.line('After the restart')).toBeVisible()
  await expect(ada.page.getByRole('status').filter({ hasText: 'Connected.' })).toHaveCount(1)
  expect(ada.page.url()).toContain(String(server.port))
  for (const read of fewest) expect(await read()).toBeGreaterThan(0)
})

test('a goodbye from the server is no different', async ({ arrive, server }) => {
  const ada = await arrive('Ada')
  await expect(ada.rows()).toHaveCount(1)
  await server.stop()
  await expect(bar(ada)).toBeVisible()
  await expect(ada.row('Ada')).toBeVisible()
  await server.start()
  await expect(bar(ada)).toBeHidden({ timeout: 20_000 })
  await expect(ada.rows()).toHaveCount(1)
})

test('a page that never reached its server says so', async ({ arrive }) => {
  const ada = await arrive('Ada')
  await expect(ada.rows()).toHaveCount(1)
  // The page's files are let through, its WebSocket is not.
  await ada.page.routeWebSocket(/\/socket/, (socket) => socket.close({ code: 1013, reason: 'full' }))
  await ada.page.reload()
  await expect(bar(ada)).toContainText('The server does not answer.')
  await expect(ada.page.getByRole('heading', { name: 'Entering Lobby' })).toBeVisible()
  await expect(ada.roster).toHaveCount(0)
})
