import { runtimeSuite } from './support/suite'

runtimeSuite('deno')
