/** What a Redis URL says. */
export interface RedisUrlParts {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  readonly db: number
  readonly username: string | undefined
  readonly password: string | undefined
  /** 4 or 6 for addresses of that kind only; 0 for either. */
  readonly family: number | undefined
}

const DEFAULT_PORT = 6379

/**
 * Reads `redis://user:password@host:port/db`, or the same with `rediss:` for TLS. Answers with what is wrong where it
 * cannot be read, without quoting it: it may hold a password.
 */
export function readRedisUrl(text: string): RedisUrlParts | string {
  if (text.trim() === '') return 'is empty'
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return 'is no URL of Redis'
  const url = new URL(text)
  if (url.hostname === '') return 'names no host'
  const db = readNumber(url.searchParams.get('db') ?? url.pathname.slice(1))
  if (db === null) return 'names a database that is not a number'
  const family = readNumber(url.searchParams.get('family') ?? '')
  if (family !== 0 && family !== 4 && family !== 6) return 'has a family other than 0, 4 and 6'
  for (const name of url.searchParams.keys()) {
    if (name !== 'db' && name !== 'family')
      return `has the unknown parameter ${JSON.stringify(name)} (TLS options go beside the URL: {url, tls})`
  }
  const username = decode(url.username)
  const password = decode(url.password)
  if (username === null || password === null) return 'has a stray % in its username or password: write %25'
  return {
    // An IPv6 address stands in brackets.
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    isTls: url.protocol === 'rediss:',
    db,
    username: username === '' ? undefined : username,
    password: password === '' ? undefined : password,
    family: url.searchParams.has('family') ? family : undefined,
  }
}

function readNumber(text: string): number | null {
  if (text === '') return 0
  return text.length <= 9 && /^\d+$/.test(text) ? Number(text) : null
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
