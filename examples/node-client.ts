// A client for the terminal: who is in a topic, as it changes. With `npm start` running:
//   npx tsx --conditions=@rollcall/source examples/node-client.ts room:lobby Ada

import { pathToFileURL } from 'node:url'
import { Socket } from '@rollcall/client'

interface Person {
  readonly name: string
}

export interface Watch {
  /** Resolves once the topic is joined; rejects with why it could not be. */
  readonly joined: Promise<unknown>
  end(): Promise<void>
}

/** Joins a topic under a name, and prints who is there, who comes, changes and goes. */
export function watchTopic(url: string, topic: string, name: string, print: (line: string) => void): Watch {
  const socket = new Socket(url, { params: { user_id: name.toLowerCase() } })
  const channel = socket.channel<Person>(topic, { meta: { name } })
  const { presence } = channel

  socket.on('status', (status) => print(`(${status})`))
  presence.on('join', ({ meta }) => print(`+ ${meta.name}`))
  presence.on('update', ({ meta, presences }) => print(`= ${meta.name}, on ${presences.length} device(s)`))
  presence.on('leave', ({ meta }, reason) => print(`- ${meta.name} (${reason})`))

  socket.connect()
  return { joined: channel.join(), end: () => socket.disconnect() }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , topic = 'room:lobby', name = 'Ada'] = process.argv
  const url = process.env.ROLLCALL_URL ?? 'ws://127.0.0.1:9090/socket'
  const watch = watchTopic(url, topic, name, (line) => console.log(line))
  process.once('SIGINT', () => void watch.end())
  try {
    await watch.joined
  } catch (error) {
    // The socket goes on trying; Ctrl-C ends it.
    console.error(error instanceof Error ? error.message : error)
  }
}
