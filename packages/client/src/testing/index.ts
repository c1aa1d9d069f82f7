export type { FakeAnswer } from './fake-connection'
export {
  createFakeServer,
  type FakePresence,
  type FakePush,
  type FakeServer,
  type FakeServerOptions,
} from './fake-server'
export { VirtualClock } from './virtual-clock'
