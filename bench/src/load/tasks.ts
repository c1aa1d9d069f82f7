import { Absence } from './absence'
import { type ChurnTask, churn } from './churn'
import type { Crowd } from './crowd'
import { type FanoutTask, fanout } from './fanout'
import { type GatherTask, gather } from './gather'
import { type SeatTask, seat } from './seat'
import { type SlowTask, slowReaders } from './slow'
import { storm } from './storm'
import { type WarmUpTask, warmUp } from './warm-up'

/** What the load generator can be asked. The rest of the message is for the task. */
export interface LoadRequest {
  readonly task: string
  readonly [argument: string]: unknown
}

type Task = (crowd: Crowd, argument: never) => Promise<unknown>

const absence = new Absence()

const entries: Record<string, Task> = {
  connect: async (crowd, { count }: GatherTask) => void (await crowd.connect(count)),
  gather: (crowd, task: GatherTask) => gather(crowd, task),
  fanout: (crowd, task: FanoutTask) => fanout(crowd, task),
  warmUp: (crowd, task: WarmUpTask) => warmUp(crowd, task),
  storm,
  churn: (crowd, task: ChurnTask) => churn(crowd, task),
  seat: (crowd, task: SeatTask) => seat(crowd, task),
  slow: (crowd, task: SlowTask) => slowReaders(crowd, task),
  drop: (crowd) => absence.begin(crowd),
  resume: (crowd) => absence.end(crowd),
}

export const tasks: ReadonlyMap<string, (crowd: Crowd, request: LoadRequest) => Promise<unknown>> = new Map(
  Object.entries(entries) as [string, (crowd: Crowd, request: LoadRequest) => Promise<unknown>][],
)
