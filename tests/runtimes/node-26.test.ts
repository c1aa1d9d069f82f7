import { runtimeSuite } from './support/suite'

runtimeSuite('node-26')
