import { runtimeSuite } from './support/suite'

runtimeSuite('bun')
