export type { FakeAnswer } from './fake-connection'
export type { FakeRefresh } from './fake-refreshes'
export {
  createFakeServer,
  type FakePresence,
  type FakePush,
  type FakeServer,
  type FakeServerOptions,
} from './fake-server'
export { VirtualClock } from './virtual-clock'
