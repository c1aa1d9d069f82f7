import { DEFAULT_ADMISSION } from '../door/admission-options'
import { Door, type DoorContext } from '../door/door'
import { RecordingLog } from './recording-log'
import { SeededRandom } from './seeded-random'
import { VirtualClock } from './virtual-clock'

/** A door as it is by default, in production. */
export function testDoor(changes: Partial<DoorContext> = {}): Door {
  return new Door({
    admission: DEFAULT_ADMISSION,
    allowedOrigins: null,
    clock: new VirtualClock(),
    random: new SeededRandom(1),
    log: new RecordingLog(),
    mode: () => 'production',
    ...changes,
  })
}
