/** Longest that an answer may take, in milliseconds. */
export const PATIENCE_MS = 10_000
