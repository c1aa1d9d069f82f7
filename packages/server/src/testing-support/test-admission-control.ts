import { AdmissionControl, type AdmissionControlContext } from '../admission/admission-control'
import { DEFAULT_ADMISSION } from '../admission/admission-options'
import { RecordingLog } from './recording-log'
import { SeededRandom } from './seeded-random'
import { VirtualClock } from './virtual-clock'

/** Admission control with the defaults of production. */
export function testAdmissionControl(changes: Partial<AdmissionControlContext> = {}): AdmissionControl {
  return new AdmissionControl({
    admission: DEFAULT_ADMISSION,
    allowedOrigins: null,
    clock: new VirtualClock(),
    random: new SeededRandom(1),
    log: new RecordingLog(),
    mode: () => 'production',
    ...changes,
  })
}
