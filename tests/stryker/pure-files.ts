import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

/** Pure files of one folder. StrykerJS breaks each of them, and its own tests alone have to notice. */
export interface PureFolder {
  readonly folder: string
  /** Base names; without them, every source file of the folder but `types.ts` and `admission-options.ts`, which are data. */
  readonly files?: readonly string[]
  /** Tests of a file that do not begin with its name; both without their extensions. */
  readonly tests?: Readonly<Record<string, readonly string[]>>
}

export const pureFolders: readonly PureFolder[] = [
  {
    folder: 'packages/shared-protocol/src/presence',
    tests: { 'presence-step': ['presence-set'] },
  },
  {
    folder: 'packages/client/src/machine',
    tests: {
      'credentials-renewal': ['credentials'],
      'credentials-state': ['credentials'],
      'socket-state': ['socket-machine'],
    },
  },
  {
    folder: 'packages/server/src/presence',
    files: ['flush-machine', 'history', 'staging', 'subscribers', 'topic-state'],
    tests: { 'flush-machine': ['flush'] },
  },
  { folder: 'packages/server/src/session', files: ['session-machine'] },
  { folder: 'packages/server/src/door', tests: { door: ['held-seat'], 'refusal-log': ['door'] } },
  { folder: 'packages/server/src/connection', files: ['throttle'], tests: { throttle: ['rates'] } },
  {
    folder: 'packages/server/src/store/redis',
    files: [
      'holders',
      'keys',
      'line-machine',
      'link-machine',
      'message',
      'own-records',
      'record',
      'topic-line',
    ],
  },
]

export interface PureFile {
  readonly path: string
  readonly tests: readonly string[]
}

/** A folder's pure files, each with the tests of the unit ring that are beside it: no DOM, no Redis, no sockets. */
export function pureFilesOf({ folder, files, tests }: PureFolder): PureFile[] {
  const all = readdirSync(folder).filter((name) => name.endsWith('.ts'))
  const testFiles = all.filter(
    (name) => name.endsWith('.test.ts') && !/\.(dom|redis|real)\.test\.ts$/.test(name),
  )
  const sources = all.filter((name) => !/\.test(-d)?\.ts$/.test(name)).map((name) => basename(name, '.ts'))
  return (files ?? sources.filter((name) => name !== 'types' && name !== 'admission-options')).map(
    (source) => {
      if (!sources.includes(source)) throw new Error(`${folder} has no ${source}.ts. Correct pure-files.ts.`)
      const nouns = [source, ...(tests?.[source] ?? [])]
      return {
        path: join(folder, `${source}.ts`),
        tests: testFiles
          .filter((name) => nouns.some((noun) => name.startsWith(`${noun}.`)))
          .map((name) => join(folder, name)),
      }
    },
  )
}
