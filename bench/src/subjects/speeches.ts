import { rawSpeech } from './raw-net/speech'
import { deflatedSpeech, rollcallSpeech } from './rollcall/speech'
import { socketIoSpeech } from './socket-io/speech'
import type { Speech } from './speech'
import { typedSpeech } from './typed-speech'

/** How each subject is talked to. */
export const speeches = {
  rollcall: rollcallSpeech,
  'rollcall+deflate': deflatedSpeech,
  'plain-ws': typedSpeech,
  'socket-io': socketIoSpeech,
  bun: typedSpeech,
  'raw-net': rawSpeech,
} satisfies Readonly<Record<string, Speech>>

export type SubjectName = keyof typeof speeches

export const subjectNames = Object.keys(speeches) as SubjectName[]
