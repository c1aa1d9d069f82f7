import { describe, expect, test } from 'vitest'
import { findFile, isHeld, type PageFiles, pageFile, spellings } from './static-page'

const file = (name: string) => pageFile(name, Buffer.from(`of ${name}`), 0)
const paths = ['/index.html', '/app.js', '/about.html', '/docs/index.html', '/a b#c.txt', '/é.css']
const files: PageFiles = new Map(
  paths.flatMap((path) => spellings(path).map((spelling) => [spelling, file(path)] as const)),
)
const found = (path: string) => findFile(files, path)?.body.toString().slice('of '.length) ?? null

test.each([
  ['index.html', 'text/html;charset=utf-8'],
  ['app.js', 'text/javascript'],
  ['app.css', 'text/css'],
  ['app.wasm', 'application/wasm'],
  ['logo.svg', 'image/svg+xml'],
  ['unknown.thing', 'application/octet-stream'],
  ['constructor', 'application/octet-stream'],
])('%s is %s', (name, type) => {
  expect(pageFile(name, Buffer.from('x'), 0).headers['Content-Type']).toBe(type)
})

test('a file tells its size, when it was changed, and that it is given whole', () => {
  expect(pageFile('a.txt', Buffer.from('ü'), 1_700_000_000_000).headers).toMatchObject({
    'Content-Length': 2,
    'Last-Modified': 'Tue, 14 Nov 2023 22:13:20 GMT',
    'Accept-Ranges': 'none',
  })
})

test('its ETag is strong: that of its bytes, wherever and whenever', () => {
  const one = pageFile('a.js', Buffer.from('same'), 0)
  expect(one.etag).toMatch(/^"[\w-]{24}"$/)
  expect(one.headers.ETag).toBe(one.etag)
  expect(pageFile('b.js', Buffer.from('same'), 9).etag).toBe(one.etag)
  expect(pageFile('a.js', Buffer.from('Same'), 0).etag).not.toBe(one.etag)
})

describe('findFile', () => {
  test.each([
    ['/', '/index.html'],
    ['/index.html', '/index.html'],
    ['/index', '/index.html'],
    ['/app.js', '/app.js'],
    ['/app%2ejs', '/app.js'],
    ['/about', '/about.html'],
    ['/docs', '/docs/index.html'],
    ['/docs/', '/docs/index.html'],
    ['/a%20b%23c.txt', '/a b#c.txt'],
    ['/%C3%A9.css', '/é.css'],
    ['/e%CC%81.css', '/é.css'],
  ])('%s is %s', (path, name) => {
    expect(found(path)).toBe(name)
  })

  test('[S-43] does not normalize what is asked for, which takes the square of its length', () => {
    const accents = `/a${'%CC%81%CC%96'.repeat(20_000)}`
    const startedMs = performance.now()
    expect(found(accents)).toBeNull()
    expect(performance.now() - startedMs).toBeLessThan(200)
  })

  test.each([
    ...['', '//', '/nope', '/app', '/app.js/x', '/APP.JS', '/docs/index.html/', 'app.js', '*'],
    ...['/docs/../app.js', '/docs%2findex.html', '/docs%2Findex.html', '/../app.js', '/%2e%2e/app.js'],
    ...['/%', '/%E0%A4%A', '/%ff', '/%00', '/app.js%00', '/__proto__', '/constructor', '/x'.repeat(8000)],
  ])('%j is none', (path) => {
    expect(found(path)).toBeNull()
  })
})

describe('isHeld', () => {
  const held = file('/app.js')
  test.each([
    ...[held.etag, `W/${held.etag}`, `"other", ${held.etag}`, `${held.etag},"other"`, '*', ' * '],
    ...[`,,W/${held.etag} \t, "other"`, `${held.etag}x, ${held.etag}`],
  ])('%s says so', (ifNoneMatch) => {
    expect(isHeld(held, ifNoneMatch)).toBe(true)
  })

  test.each([undefined, '', '"other"', held.etag.slice(1), `${held.etag}x`, `x${held.etag}`, 'W/'])(
    '%s does not',
    (none) => {
      expect(isHeld(held, none)).toBe(false)
    },
  )
})
