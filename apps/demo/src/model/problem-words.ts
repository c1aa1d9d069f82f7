/** The sentence that the page shows for a failed send or join. */
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
  // Prefers the server's message, which is for users. The error's message is for developers.
  const sentence = fieldOf(fieldOf(error, 'response'), 'message')
  const message = typeof sentence === 'string' ? sentence : fieldOf(error, 'message')
  return typeof message === 'string' && message !== '' ? message : 'Something went wrong.'
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
