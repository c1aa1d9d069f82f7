import { HonestCrowd } from '../support/honest-crowd'
import { ServerProcess } from '../support/server-process'
import { DECODER_TARGETS } from './decoder-targets'
import { fuzzLive, type LiveResult } from './live'
import { liveVocabulary } from './live-vocabulary'
import { READER_TARGET } from './reader-target'
import { fuzz, type Target, tell } from './target'

/*
 * npm run soak -- --fuzz N                          N inputs, half to what reads, half to `rollcall serve`
 * npm run soak -- --fuzz-replay=TARGET:SEED:INDEX   one that was found, again
 */

const TARGETS: readonly Target[] = [...DECODER_TARGETS, READER_TARGET]
/** Inputs between two lines of progress. */
const BATCH = 2000
/** Inputs to a server after which what it holds is what it will hold. */
const WARM_UP = 20_000
/** What the server may hold more than then, once all strangers are gone. */
const MAX_KEPT_BYTES = 16_000_000
/** Over which the last strangers go: the grace, and the bound for who is silent, of the command's defaults. */
const GONE_WITHIN_MS = 60_000

/** Whether nothing was found. `print` takes text as it is to stand on the terminal. */
export async function soakFuzz(inputs: number, print: (text: string) => void): Promise<boolean> {
  const seed = Date.now() % 2 ** 31
  const startedMs = performance.now()
  const seconds = () => `${Math.round((performance.now() - startedMs) / 1000)} s`
  const half = Math.ceil(inputs / 2)
  const each = Math.ceil(half / TARGETS.length)
  for (const [i, target] of TARGETS.entries()) {
    for (let from = 0; from < each; from += BATCH) {
      const finding = fuzz(target, seed, from, Math.min(each, from + BATCH))
      if (finding) return fail(tell(finding), print)
      const done = i * each + Math.min(each, from + BATCH)
      print(`\r${done} of ${inputs} inputs in ${seconds()}: ${target.name}, nothing found      `)
    }
  }
  const done = each * TARGETS.length
  let shown = 0
  const progress = (live: number) => {
    if (live < shown) return
    shown = live + BATCH
    print(`\r${done + live} of ${inputs} inputs in ${seconds()}: rollcall serve, nothing found      `)
  }
  return soakServer(seed, Math.max(0, inputs - done), 0, progress, print)
}

/** Plays one input, or one episode with a server of its own, again. */
export async function replayFuzz(text: string, print: (text: string) => void): Promise<boolean> {
  const [, name = '', seed = '', index = ''] = /^(.+):(\d+):(\d+)$/.exec(text) ?? []
  if (name === 'live') return soakServer(Number(seed), 1, Number(index), () => {}, print)
  const target = TARGETS.find((each) => each.name === name)
  if (!target)
    throw new Error(`--fuzz-replay must be TARGET:SEED:INDEX as a failure printed it, not ${text}.`)
  const finding = fuzz(target, Number(seed), Number(index), Number(index) + 1)
  if (finding) return fail(tell(finding), print)
  print('It holds now.\n')
  return true
}

async function soakServer(
  seed: number,
  inputs: number,
  firstEpisode: number,
  onProgress: (inputs: number) => void,
  print: (text: string) => void,
): Promise<boolean> {
  const server = await ServerProcess.serve([], { NODE_ENV: 'development' })
  const { port } = server
  try {
    const crowd = await HonestCrowd.enter({ port, people: 5, rooms: ['room:lobby'] })
    crowd.start(500)
    const words = liveVocabulary(['room:lobby', 'room:1', 'room:2'])
    const play = (from: number, count: number): Promise<LiveResult> =>
      fuzzLive({ port, seed, firstEpisode: from, inputs: count, words, onProgress })
    const warmUp = await play(firstEpisode, Math.min(WARM_UP, inputs))
    const before = await server.usage()
    const { violations, inputs: played } = await fuzzLive({
      port,
      seed,
      firstEpisode: warmUp.nextEpisode,
      inputs: Math.max(0, inputs - warmUp.inputs),
      words,
      onProgress: (more) => onProgress(warmUp.inputs + more),
    })
    const found = [...warmUp.violations, ...violations]
    crowd.stop()
    // Who is honest is alone again, and goes on.
    await crowd.alone(GONE_WITHIN_MS)
    await crowd.pulse()
    const after = await server.usage()
    const kept = after.heldBytes - before.heldBytes
    print(
      `\n${warmUp.inputs + played} inputs to rollcall serve: ${after.cpuSeconds.toFixed(1)} s of CPU, it holds ` +
        `${(after.heldBytes / 1e6).toFixed(1)} MB, ${(kept / 1e6).toFixed(1)} MB more than after the first ${warmUp.inputs}\n`,
    )
    await crowd.leave()
    if (kept > MAX_KEPT_BYTES)
      found.push(`It holds ${kept} bytes more, of which ${MAX_KEPT_BYTES} are allowed.`)
    if (/"level":[56]0|\berror\b/i.test(server.said))
      found.push(`It logged errors:\n${server.said.slice(0, 3000)}`)
    found.push(...crowd.violations)
    return found.length === 0 || fail(found.join('\n'), print)
  } catch (error) {
    return fail(`${String(error)}\n${server.isRunning ? '' : `The server is gone:\n${server.said}`}`, print)
  } finally {
    server.kill()
  }
}

function fail(what: string, print: (text: string) => void): false {
  print(`\n${what}\n`)
  return false
}
