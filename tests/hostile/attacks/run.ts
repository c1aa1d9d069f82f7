import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { ServerProcess } from '../support/server-process'
import { Arena } from './arena'
import type { Attack } from './attack'
import { ATTACKS } from './attacks'
import { CrowdProcess } from './crowd-process'
import { MAX_P99_MS, type Measured, measure } from './measure'
import { FULL, OWN } from './scale'
import type { ServerKind } from './servers'

/*
 * npm run attack              every attack, on `rollcall serve` in production, beside a hundred honest people
 * npm run attack -- NAME …    only these
 */

const PEOPLE = 100
const KINDS: readonly ServerKind[] = ['serve', 'own', 'attached']
const ROOMS = ['room:0', 'room:1', 'room:2', 'room:3', 'room:4']

const names = process.argv.slice(2)
const unknown = names.find((name) => !ATTACKS.some((attack) => attack.name === name))
if (unknown !== undefined)
  throw new Error(`There is no attack ${unknown}: ${ATTACKS.map(({ name }) => name).join(', ')}.`)
const chosen = names.length === 0 ? ATTACKS : ATTACKS.filter(({ name }) => names.includes(name))

const results: Measured[] = []
for (const kind of KINDS) {
  const attacks = chosen.filter(({ server }) => server === kind)
  if (attacks.length > 0) results.push(...(await attackOne(kind, attacks)))
}
print(table(results))
for (const { name, failures } of results) for (const failure of failures) print(`${name}: ${failure}\n`)
const failed = results.filter(({ failures }) => failures.length > 0).length
print(`${results.length - failed} passed, ${failed} failed\n`)
process.exit(failed === 0 ? 0 : 1)

/** All attacks that need this kind of server, one after the other. */
async function attackOne(kind: ServerKind, attacks: readonly Attack[]): Promise<Measured[]> {
  const secret = randomBytes(32).toString('base64')
  const server = await startServer(kind, { NODE_ENV: 'production', ROLLCALL_JWT_SECRET: secret })
  const crowd = new CrowdProcess()
  try {
    const { port } = server
    const entered = await crowd.order({ kind: 'enter', port, people: PEOPLE, rooms: ROOMS, secret })
    if (entered.violations.length > 0)
      throw new Error(`The honest are not in: ${entered.violations[0]}\n${server.said}`)
    const measured: Measured[] = []
    for (const attack of attacks) {
      print(`${attack.name}: ${attack.tries} … `)
      const scale = kind === 'serve' ? FULL : OWN
      const network = ATTACKS.indexOf(attack)
      const heldBytes = async () => (await server.usage()).heldBytes
      const arena = new Arena({ port, secret, scale, rooms: ROOMS, network, heldBytes })
      const result = await measure(attack, arena, server, crowd)
      measured.push(result)
      print(`${result.failures.length === 0 ? result.refused : 'FAILED'}\n`)
      if (!server.isRunning) break
    }
    return measured
  } finally {
    crowd.end()
    server.kill()
  }
}

function startServer(kind: ServerKind, env: Record<string, string>): Promise<ServerProcess> {
  if (kind === 'serve') return ServerProcess.serve([], env)
  const program = fileURLToPath(new URL('./own-server.ts', import.meta.url))
  // Without the condition that this program runs with: what it imports is what was built.
  return ServerProcess.start(['--import', import.meta.resolve('tsx'), program, kind], env)
}

function table(measured: readonly Measured[]): string {
  const head = [
    'attack',
    'refused how',
    'seconds',
    'CPU s',
    'RSS MB',
    'held MB',
    'lost',
    'false',
    'p99 ms before/during',
  ]
  const rows = measured.map((each) => [
    each.name,
    each.refused ?? 'NOT',
    each.seconds.toFixed(1),
    each.cpuSeconds.toFixed(2),
    (each.rssBytes / 1e6).toFixed(1),
    (each.heldBytes / 1e6).toFixed(1),
    String(each.lost),
    String(each.violations.length),
    `${each.p99Ms[0].toFixed(0)}/${each.p99Ms[1].toFixed(0)}`,
  ])
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => (row[i] ?? '').length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join(' | ')
      .trimEnd()
  const lines = [line(head), widths.map((width) => '-'.repeat(width)).join('-|-'), ...rows.map(line)]
  return `\n${lines.join('\n')}\n\nThe honest: ${PEOPLE} in ${ROOMS.length} rooms; a p99 of up to ${MAX_P99_MS} ms counts as no harm.\n`
}

function print(text: string): void {
  process.stdout.write(text)
}
