import type { Reporter, Vitest } from 'vitest/node'
import workspace from '../../vitest.config.ts'

/** The unit ring alone: StrykerJS's runner cannot choose a project, and starts the projects of each config it is given. */
const projects = workspace.test?.projects ?? []
const unit = projects.find(
  (project) => typeof project === 'object' && 'test' in project && project.test?.name === 'unit',
)
if (typeof unit !== 'object' || !('test' in unit))
  throw new Error('vitest.config.ts has no project named "unit".')

const include = process.env.STRYKER_TESTS?.split(',') ?? []

/**
 * StrykerJS looks at tests alone: a mutant with which a test file cannot even be loaded would count as one that nobody
 * noticed. An error of the run as a whole it does see.
 */
let vitest: Vitest | undefined
const loadErrors: Reporter = {
  onInit: (started) => {
    vitest = started
  },
  onTestModuleEnd: (file) => {
    for (const error of file.errors()) vitest?.state.catchError(error, `Cannot load ${file.moduleId}`)
  },
}

export default {
  ...workspace,
  test: { ...unit.test, include, projects: undefined, reporters: [loadErrors] },
}
