export interface TokenBucketOptions {
  /** Calls a second in the long run. */
  readonly perSecond: number
  /** Calls at once after a quiet spell. */
  readonly burst: number
}

/** A bucket's content and when that was so. */
export interface TokenBucket {
  readonly tokens: number
  readonly atMs: number
}

export type TokenVerdict =
  | { readonly isTaken: true; readonly bucket: TokenBucket }
  | { readonly isTaken: false; readonly retryAfterMs: number }

/** Takes one token, where there is one by now. `null`: a full bucket. */
export function takeToken(
  bucket: TokenBucket | null,
  nowMs: number,
  options: TokenBucketOptions,
): TokenVerdict {
  const { perSecond, burst } = options
  const tokens = bucket ? Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond) : burst
  if (tokens >= 1) return { isTaken: true, bucket: { tokens: tokens - 1, atMs: nowMs } }
  return { isTaken: false, retryAfterMs: Math.ceil(((1 - tokens) / perSecond) * 1000) }
}
