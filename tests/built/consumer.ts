import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildStale } from '../../scripts/lib/builds.mjs'
import { pnpmCommand } from '../../scripts/lib/pnpm.mjs'
import { at } from '../../scripts/lib/repository.mjs'

export const packages = ['shared-protocol', 'client', 'server'] as const

type PackageName = (typeof packages)[number]

/** Ends a command that hangs; several times what the longest takes on an idle machine. */
const COMMAND_LIMIT_MS = 240_000

/** An application outside the workspace that has the packages as their users would: from tarballs. */
export interface Consumer {
  readonly folder: string
  readonly tarballs: ReadonlyMap<PackageName, string>
  /** Runs a command in the application's folder; returns its output, or throws with it. */
  run(command: string[], env?: Readonly<Record<string, string>>): Promise<string>
  remove(): Promise<void>
}

/** Builds, packs and installs. What fails removes what it left. `fixtures` is a folder of the application's own files. */
export async function createConsumer(fixtures = 'tests/built/fixtures'): Promise<Consumer> {
  await buildStale()
  // A path with a symlink in it (macOS) would show up as another in what programs print.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'rollcall-built-')))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const tarballs = new Map<PackageName, string>()
    for (const name of packages) tarballs.set(name, await packInto(folder, name))
    await install(folder, tarballs, fixtures)
    return { folder, tarballs, run: (command, env) => runIn(folder, command, env), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

// A plain child, in the test runner's process group: when that is ended, so is this.
async function runIn(
  folder: string,
  [program = '', ...args]: string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    const options = { cwd: folder, timeout: COMMAND_LIMIT_MS, env: { ...process.env, ...env } }
    const { stdout } = await promisify(execFile)(program, args, options)
    return stdout
  } catch (cause) {
    // execFile's message has what was said on stderr; compilers complain on stdout.
    const said = cause instanceof Error && 'stdout' in cause ? cause.stdout : ''
    throw new Error(`${program} ${args.join(' ')} failed in ${folder}:\n${said}`, { cause })
  }
}

async function packInto(folder: string, name: PackageName): Promise<string> {
  const destination = join(folder, 'tarballs', name)
  await mkdir(destination, { recursive: true })
  await runIn(at('packages', name), [...(await pnpmCommand()), 'pack', '--pack-destination', destination])
  const [file] = await readdir(destination)
  if (file === undefined) throw new Error(`pnpm pack left no tarball of ${name} in ${destination}`)
  return join(destination, file)
}

const brought = ['react', '@types/react', 'jest-environment-jsdom', 'vitest']

async function install(
  folder: string,
  tarballs: ReadonlyMap<PackageName, string>,
  fixtures: string,
): Promise<void> {
  const dependencies = Object.fromEntries(
    [...tarballs].map(([name, file]) => [`@rollcall/${name}`, `file:${file}`]),
  )
  const manifest = {
    name: 'consumer',
    private: true,
    // The newest types of Node: the sources are checked with the oldest ones, and names in them come and go.
    dependencies: { ...dependencies, '@types/node': '26' },
    // The client and the server ask for the protocol by version, which the registry doesn't have yet.
    overrides: { '@rollcall/shared-protocol': '$@rollcall/shared-protocol' },
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await runIn(folder, ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'])
  // What an application brings itself comes from the workspace, without a download.
  await mkdir(join(folder, 'node_modules/@types'), { recursive: true })
  for (const name of brought) {
    await symlink(await realpath(at('node_modules', name)), join(folder, 'node_modules', name))
  }
  await cp(at(fixtures), folder, { recursive: true })
}
