/** What to tell about an error that a send or a join ended in. */
export function problemWords(error: unknown): string {
  switch (fieldOf(error, 'code')) {
    case 'timeout':
    case 'disconnected':
      return 'No answer from the server.'
    case 'queue_full':
      return 'Too many messages are waiting for the connection.'
    case 'left':
      return 'You left the room before it was sent.'
  }
  // The server's own sentence is for people; the error's message is for who reads a log.
  const sentence = fieldOf(fieldOf(error, 'response'), 'message')
  const said = typeof sentence === 'string' ? sentence : fieldOf(error, 'message')
  return typeof said === 'string' && said !== '' ? said : 'Something went wrong.'
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
