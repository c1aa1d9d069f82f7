import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Pure files and the tests beside them, which alone have to notice what StrykerJS breaks in them. */
export interface PureFolder {
  readonly folder: string
  /** Base names; without them, every source file of the folder. */
  readonly files?: readonly string[]
}

export const pureFolders: readonly PureFolder[] = [
  { folder: 'packages/shared-protocol/src/presence' },
  { folder: 'packages/client/src/machine' },
  {
    folder: 'packages/server/src/presence',
    files: [
      'flush.ts',
      'flush-machine.ts',
      'history.ts',
      'members.ts',
      'staging.ts',
      'topic-machine.ts',
      'topic-state.ts',
    ],
  },
  { folder: 'packages/server/src/session', files: ['session-machine.ts'] },
  { folder: 'packages/server/src/door' },
  { folder: 'packages/server/src/connection', files: ['throttle.ts'] },
  {
    folder: 'packages/server/src/store/redis',
    files: [
      'holders.ts',
      'keys.ts',
      'line-machine.ts',
      'link-machine.ts',
      'message.ts',
      'own-records.ts',
      'record.ts',
      'topic-line.ts',
    ],
  },
]

/** The paths of a folder's pure files. */
export function filesOf({ folder, files }: PureFolder): string[] {
  const all = readdirSync(folder).filter((name) => name.endsWith('.ts') && !/\.test(-d)?\.ts$/.test(name))
  const missing = files?.filter((name) => !all.includes(name)) ?? []
  if (missing.length > 0) throw new Error(`${folder} has no ${missing.join(', ')}. Correct pure-files.ts.`)
  return (files ?? all).map((name) => join(folder, name))
}

/** Only the unit ring's tests: no DOM, no Redis, no sockets. */
export function testsOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts') && !/\.(dom|redis|real)\.test\.ts$/.test(name))
    .map((name) => join(folder, name))
}
