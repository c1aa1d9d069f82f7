import { connect, type Peer } from './peer'

/*
 * The same requests in two spellings, so that one table of bad input serves both.
 */

/** A reply or fault, as a test wants to look at it. */
export interface Answer {
  readonly ref: unknown
  readonly status: 'ok' | 'error' | 'fault'
  readonly response: any
}

export interface Speaker {
  readonly peer: Peer
  /** A request as this dialect writes it. */
  frame(topic: unknown, event: unknown, payload: unknown, ref: unknown): string
  ask(topic: unknown, event: unknown, payload?: unknown): Promise<Answer>
  /** The next reply or fault, whatever it answers. */
  answer(): Promise<Answer>
  /** The next message of this event. */
  event(name: string): Promise<any>
}

export interface DialectUnderTest {
  readonly name: string
  speak(port: number, userId: string): Promise<Speaker>
}

let refs = 0

export const rollcall: DialectUnderTest = {
  name: 'rollcall',
  async speak(port, userId) {
    const peer = await connect(`ws://127.0.0.1:${port}/socket?user_id=${userId}`, 'rollcall.v1')
    const answerOf = ([, ref, , event, payload]: any[]): Answer =>
      event === 'phx_reply' ? { ref, ...payload } : { ref: null, status: 'fault', response: payload }
    const frame: Speaker['frame'] = (topic, event, payload, ref) =>
      JSON.stringify([null, ref, topic, event, payload])
    return speaker(
      peer,
      frame,
      (message) => message[3],
      (message) => message[4],
      answerOf,
    )
  },
}

export const zzz: DialectUnderTest = {
  name: 'zzz',
  async speak(port, userId) {
    const peer = await connect(`ws://127.0.0.1:${port}/socket?user_id=${userId}`)
    const answerOf = ({ event, payload, ref }: any): Answer =>
      event === 'phx_reply' ? { ref, ...payload } : { ref: null, status: 'fault', response: payload }
    const frame: Speaker['frame'] = (topic, event, payload, ref) =>
      JSON.stringify({ topic, event, payload, ref })
    return speaker(
      peer,
      frame,
      (message) => message.event,
      (message) => message.payload,
      answerOf,
    )
  },
}

function speaker(
  peer: Peer,
  frame: Speaker['frame'],
  eventOf: (message: any) => string,
  payloadOf: (message: any) => any,
  answerOf: (message: any) => Answer,
): Speaker {
  const isAnswer = (message: any) => eventOf(message) === 'phx_reply' || eventOf(message) === 'fault'
  return {
    peer,
    frame,
    answer: async () => answerOf(await peer.next(isAnswer)),
    event: async (name) => payloadOf(await peer.next((message) => eventOf(message) === name)),
    async ask(topic, event, payload = {}) {
      const ref = String(refs++)
      peer.send(frame(topic, event, payload, ref))
      return answerOf(await peer.next((message) => isAnswer(message) && answerOf(message).ref === ref))
    },
  }
}
