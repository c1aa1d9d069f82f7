import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/*
 * StrykerJS breaks each pure file, and the tests beside it alone have to notice. A file is chosen by its name: every
 * `*-machine.ts` and the others that lint/layers.json calls pure. The files below are pure by their content.
 */

/** Names that promise a pure file. The whole of shared-protocol is pure too; only its presence algebra is mutated. */
const pureNames = (JSON.parse(readFileSync('lint/layers.json', 'utf8')) as { pure: string[] }).pure
  .filter((pattern) => pattern.endsWith('$'))
  .map((pattern) => new RegExp(pattern))

const pureFolder = 'packages/shared-protocol/src/presence'

const pureByContent = [
  'packages/client/src/async/backoff.ts',
  'packages/client/src/async/tickets.ts',
  'packages/client/src/connection/connection-errors.ts',
  'packages/client/src/presence/waiting-edits.ts',
  'packages/server/src/admission/address.ts',
  'packages/server/src/admission/admission-control.ts',
  'packages/server/src/admission/client-address.ts',
  'packages/server/src/admission/connection-slots.ts',
  'packages/server/src/admission/origins.ts',
  'packages/server/src/collections.ts',
  'packages/server/src/connection/message-limiter.ts',
  'packages/server/src/identity/account.ts',
  'packages/server/src/io/pending-sockets.ts',
  'packages/server/src/presence/history.ts',
  'packages/server/src/presence/staging.ts',
  'packages/server/src/presence/subscribers.ts',
  'packages/server/src/store/redis/feed-sequencer.ts',
  'packages/server/src/store/redis/keys.ts',
  'packages/server/src/store/redis/own-records.ts',
  'packages/server/src/store/redis/presence-holders.ts',
  'packages/server/src/store/redis/record.ts',
  'packages/server/src/store/redis/topic-message.ts',
]

/** Tests in the same folder that belong to a file but do not begin with its name; without their extensions. */
const moreTests: Readonly<Record<string, readonly string[]>> = {
  collections: ['swept-map', 'tally'],
  'connection-slots': ['slot-release'],
  'connection-state': ['connection-machine'],
  'connection-transitions': ['connection-machine'],
  'flush-machine': ['flush'],
  'meta-edit': ['merge-patch'],
  presence: ['continuity', 'diff-snapshots', 'full-diff', 'merge-diffs'],
}

export interface PureFile {
  readonly path: string
  readonly tests: readonly string[]
}

/** Every pure file, with the tests of the unit ring that lie beside it: no DOM, no Redis, no sockets. */
export function pureFiles(): PureFile[] {
  const sources = ['client', 'server', 'shared-protocol']
    .flatMap((name) =>
      readdirSync(`packages/${name}/src`, { recursive: true, encoding: 'utf8' }).map((path) =>
        join(`packages/${name}/src`, path),
      ),
    )
    .filter((path) => path.endsWith('.ts') && !/\.test(-d)?\.ts$/.test(path))
  const absent = pureByContent.filter((path) => !sources.includes(path))
  if (absent.length > 0) throw new Error(`There is no ${absent.join(', ')}. Correct pure-files.ts.`)
  return sources.filter(isPure).map((path) => ({ path, tests: testsOf(path) }))
}

function isPure(path: string): boolean {
  // The shell that runs a machine is tested with each of them.
  if (path.endsWith('/running-machine.ts')) return false
  return (
    dirname(path) === pureFolder || pureByContent.includes(path) || pureNames.some((name) => name.test(path))
  )
}

/** Tests that begin with the file's name; for a file that has none, those that begin with its first word. */
function testsOf(path: string): string[] {
  const folder = dirname(path)
  const noun = basename(path, '.ts')
  const tests = readdirSync(folder).filter(
    (name) => name.endsWith('.test.ts') && !/\.(dom|redis|real)\.test\.ts$/.test(name),
  )
  const nouns = [noun, ...(moreTests[noun] ?? [])]
  const own = tests.filter((name) => nouns.some((one) => name.startsWith(`${one}.`)))
  const chosen = own.length > 0 ? own : tests.filter((name) => name.startsWith(`${noun.split('-')[0]}`))
  return chosen.map((name) => join(folder, name))
}
