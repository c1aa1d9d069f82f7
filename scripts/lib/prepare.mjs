import { buildStale } from './builds.mjs'
import { installPackages } from './install.mjs'
import { checkNodeVersion } from './node-version.mjs'

/** @typedef {ReturnType<typeof import('./steps.mjs').createSteps>} Steps */

/**
 * The first two steps of whatever starts from a fresh clone.
 *
 * @param {Steps} steps
 */
export async function installWith(steps) {
  await steps.quiet('checking Node', checkNodeVersion, () => process.versions.node)
  await steps.quiet('installing packages', installPackages, (outcome) => outcome)
}

/**
 * Builds what has changed, as one step.
 *
 * @param {Steps} steps
 */
export async function buildWith(steps) {
  await steps.quiet(
    'building',
    () => buildStale(),
    (built) => built.join(', ') || 'up to date',
  )
}
