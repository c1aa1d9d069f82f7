// How long the client takes for what it is told, in a process of its own. Prints its figures as JSON.

import { Socket } from '@rollcall/client'
import { median, percentile } from '../measure/percentile'
import { CannedServer } from './canned-server'

const TOPIC = 'room:bench'
const isQuick = process.argv.includes('--quick')

/** A client that is in the topic, and has not been told who else is. */
async function joined(count: number) {
  const server = new CannedServer(TOPIC, count)
  const socket = new Socket('ws://bench/socket', { transport: server.transport })
  socket.connect()
  const channel = socket.channel(TOPIC)
  await channel.join()
  return { server, presence: channel.presence }
}

function msTo(act: () => void): number {
  const startedMs = performance.now()
  act()
  return performance.now() - startedMs
}

function checkSize(size: number, expected: number): void {
  if (size !== expected) throw new Error(`The client holds ${size} keys, and not ${expected}.`)
}

async function diffFigures() {
  const count = isQuick ? 1_000 : 100_000
  const warmUp = isQuick ? 30 : 3_000
  const { server, presence } = await joined(count)
  server.deliver(server.state())
  checkSize(presence.size, count)
  const frames = server.diffs(isQuick ? 100 : 10_000)
  for (const frame of frames.slice(0, warmUp)) server.deliver(frame)
  const us = frames.slice(warmUp).map((frame) => msTo(() => server.deliver(frame)) * 1_000)
  checkSize(presence.size, count)
  const mean = us.reduce((sum, value) => sum + value, 0) / us.length
  const diffP50Us = median(us)
  const parseP50Us = parseP50(isQuick ? 100 : 10_000, warmUp)
  return {
    diffMeanUs: mean,
    diffP50Us,
    diffP99Us: percentile(us, 0.99),
    parseP50Us,
    applyP50Us: diffP50Us - parseP50Us,
  }
}

/** What `JSON.parse` alone takes for such frames: others than those before, as texts that were seen parse faster. */
function parseP50(rounds: number, warmUp: number): number {
  const frames = new CannedServer('room:other', rounds).diffs(rounds)
  for (const frame of frames.slice(0, warmUp)) JSON.parse(frame)
  return median(frames.slice(warmUp).map((frame) => msTo(() => JSON.parse(frame)) * 1_000))
}

async function snapshotFigures() {
  const count = isQuick ? 100 : 10_000
  const times: number[] = []
  for (let round = 0; round < 7; round++) {
    const { server, presence } = await joined(count)
    const frame = server.state()
    times.push(msTo(() => server.deliver(frame)))
    checkSize(presence.size, count)
  }
  return { snapshotMs: median(times) }
}

console.log(JSON.stringify({ ...(await diffFigures()), ...(await snapshotFigures()) }))
// Sockets have timers, and nobody is left to talk to.
process.exit(0)
