// @vitest-environment happy-dom
// The components that the pages show as App.tsx, rendered against a server in another process.

import { Socket } from '@rollcall/client'
import { cleanup, render, screen } from '@testing-library/react'
import { createElement } from 'react'
import { afterEach, expect, test } from 'vitest'
import { documentPaths, readDocument } from './markdown'
import { RunningPage } from './running-page'

/** The reference server, on the port that the component names. */
const serverFor = (port: string) => `
import { createServer } from '@rollcall/server'
const server = createServer({ port: ${port} })
await server.listen()
console.log('listening')
`

let page: RunningPage | null = null
let bob: Socket | null = null

afterEach(async () => {
  cleanup()
  await bob?.disconnect()
  await page?.close()
  bob = page = null
})

const apps = documentPaths().flatMap((path) =>
  readDocument(path)
    .fences.filter(({ words }) => words.join(' ') === 'file App.tsx')
    .map((fence) => ({ path, fence })),
)

test('two pages show a component', () => {
  expect(apps.map(({ path }) => path)).toEqual(['README.md', 'docs/guides/react.md'])
})

test.each(apps)(
  'the component in $path shows who comes and goes',
  async ({ fence }) => {
    const [, written = ''] = /127\.0\.0\.1:(\d+)/.exec(fence.text) ?? []
    page = await RunningPage.open()
    await page.write('server.mjs', serverFor(written))
    page.start('server.mjs')
    await page.prints('server.mjs', 'listening')
    await page.write('App.tsx', fence.text)
    const { App } = await import(/* @vite-ignore */ `${page.folder}/App.tsx`)
    render(createElement(App))
    await screen.findByText('Ada', {}, { timeout: 10_000 })

    bob = new Socket(`ws://127.0.0.1:${page.withPort(written)}/socket`, { params: { user_id: 'bob' } })
    bob.connect()
    await bob.channel('room:lobby', { meta: { name: 'Bob' } }).join()
    await screen.findByText('Bob', {}, { timeout: 10_000 })
    await bob.disconnect()
    await expect.poll(() => screen.queryByText('Bob'), { timeout: 10_000 }).toBeNull()
  },
  60_000,
)
