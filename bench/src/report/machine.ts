import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { findBun } from '../run/programs'

/** On what the figures were had: without it they mean little. */
export interface MachineAndVersions {
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryGib: number
    readonly kernel: string
  }
  readonly versions: Readonly<Record<string, string>>
}

const require = createRequire(import.meta.url)

/** The version of an installed package, by its manifest; not all of them export it. */
function versionOf(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')).version
    } catch {
      // Not in this folder: on to the one above.
    }
  }
  return 'unknown'
}

export function machineAndVersions(): MachineAndVersions {
  const bun = findBun()
  return {
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGib: Math.round(totalmem() / 2 ** 30),
      kernel: `${type()} ${release()}`,
    },
    versions: {
      rollcall: versionOf('@rollcall/server'),
      node: process.versions.node,
      ws: versionOf('ws'),
      'socket.io': versionOf('socket.io'),
      ...(bun ? { bun: execFileSync(bun, ['--version'], { encoding: 'utf8', timeout: 10_000 }).trim() } : {}),
    },
  }
}
