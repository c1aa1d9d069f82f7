import type { Crowd } from './crowd'

export interface SeatTask {
  readonly count: number
  /** Members of each topic. */
  readonly perRoom: number
}

/** Connections that join rooms of a few members each, and then do nothing. */
export async function seat(crowd: Crowd, { count, perRoom }: SeatTask): Promise<void> {
  const first = crowd.clients.size
  const clients = await crowd.connect(count)
  const held = crowd.allHold(perRoom)
  clients.forEach((client, index) => {
    crowd.join(client, `room:${Math.floor((first + index) / perRoom)}`)
  })
  await held
  crowd.readMirrors()
}
