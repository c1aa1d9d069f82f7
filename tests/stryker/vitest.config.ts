import workspace from '../../vitest.config.ts'

/** The unit ring alone: StrykerJS's runner cannot choose a project, and starts the projects of each config it is given. */
const projects = workspace.test?.projects ?? []
const unit = projects.find(
  (project) => typeof project === 'object' && 'test' in project && project.test?.name === 'unit',
)
if (typeof unit !== 'object' || !('test' in unit))
  throw new Error('vitest.config.ts has no project named "unit".')

const include = process.env.STRYKER_TESTS?.split(',') ?? []

export default { ...workspace, test: { ...unit.test, include, projects: undefined } }
