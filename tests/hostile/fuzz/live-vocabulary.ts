import { PLAIN_VOCABULARY, type Vocabulary } from './client-grammar'

/** Words for strangers who know where the honest are, and what they are called. */
export function liveVocabulary(topics: readonly string[]): Vocabulary {
  return { ...PLAIN_VOCABULARY, topics, keys: [...PLAIN_VOCABULARY.keys, 'honest-0', 'honest-1'] }
}
