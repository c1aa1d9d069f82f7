import { manifest } from './repository.mjs'

/** Throws, with what to do, when this Node is older than `engines.node` in package.json asks for. */
export function checkNodeVersion() {
  const [wantedMajor = 0, wantedMinor = 0] = manifest.engines.node.replace('>=', '').split('.').map(Number)
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return
  throw new Error(
    `Rollcall needs Node ${wantedMajor}.${wantedMinor} or later, and this is ${process.versions.node}: ` +
      'install a newer one from https://nodejs.org.',
  )
}
