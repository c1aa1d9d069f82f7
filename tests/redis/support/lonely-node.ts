// A program with a node that holds two presences, for a test to stop and to let go on: `lonely-node <url> <topic>`.

import { RedisStore } from '@rollcall/server'

const [url = '', topic = ''] = process.argv.slice(2)
const silent = () => {}
const logger = { debug: silent, info: silent, warn: silent, error: silent }
const store = new RedisStore({ connection: url, leaseTtlMs: 1500, logger })
store.connect({ onSessionClaimed: silent, onReachable: silent })
await store.subscribe(topic, { onSnapshot: silent, onDiff: silent, onMessage: silent })
const presences = ['far-0', 'far-1'].map((ref) => ({ ref, key: 'far', meta: {}, rev: 0 }))
await store.commit(
  topic,
  presences.map((presence) => ({ op: 'put' as const, ...presence, owner: `of ${presence.ref}` })),
)
process.stdout.write('here\n')
