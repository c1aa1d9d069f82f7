/** What the process was told of where it runs. */
export function nodeEnv(): string | undefined {
  return process.env.NODE_ENV
}
