import type { Crowd } from './crowd'

export interface SeatTask {
  readonly count: number
  /** Members of each topic. */
  readonly perRoom: number
}

/** Rooms that fill at the same time. Storms are measured elsewhere: here it is about what stays. */
const ROOMS_AT_ONCE = 5

/** Connections that join rooms of a few members each, some rooms after the others, and then do nothing. */
export async function seat(crowd: Crowd, { count, perRoom }: SeatTask): Promise<void> {
  let left = count
  while (left > 0) {
    const first = crowd.clients.size
    const clients = await crowd.connect(Math.min(left, perRoom * ROOMS_AT_ONCE), 1)
    left -= clients.length
    const held = crowd.allHold(perRoom)
    clients.forEach((client, index) => {
      crowd.join(client, `room:${Math.floor((first + index) / perRoom)}`)
    })
    await held
  }
  crowd.readMirrors()
}
