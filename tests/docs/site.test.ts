// The site's sidebar leads to every page, and its links lead where those of the repository do.

import type { DefaultTheme } from 'vitepress'
import { describe, expect, test } from 'vitest'
import { at, pageOf, siteLink } from '../../docs/.vitepress/links'
import { sidebar } from '../../docs/.vitepress/sidebar'
import { documentPaths } from './markdown'

const linksIn = (items: readonly DefaultTheme.SidebarItem[]): string[] =>
  items.flatMap(({ link, items: inner }) => [...(link === undefined ? [] : [link]), ...linksIn(inner ?? [])])

test('the sidebar leads to every page of the site once', () => {
  const pages = documentPaths().flatMap((path) => {
    const place = pageOf(path)
    return place === null || place === 'index.md' ? [] : [`/${place.replace(/(index)?\.md$/, '')}`]
  })
  expect(pages.length).toBeGreaterThan(50)
  expect(linksIn(sidebar()).sort()).toEqual([...pages, '/reference/api/'].sort())
})

describe('a link in a page', () => {
  const source = at('docs/guides/redis.md')

  test.each([
    ['deploy.md#checklist', '/guides/deploy#checklist'],
    ['../recipes/index.md', '/recipes/'],
    ['../../ARCHITECTURE.md', '/explanation/architecture'],
    ['../../examples/embed-http.ts', 'https://github.com/rollcall/rollcall/blob/main/examples/embed-http.ts'],
    ['#tls', '#tls'],
    ['https://redis.io/', 'https://redis.io/'],
  ])('%s becomes %s', (written, expected) => {
    expect(siteLink(source, written)).toBe(expected)
  })

  test('that leads nowhere fails the build', () => {
    expect(() => siteLink(source, 'nothing.md')).toThrow(
      'docs/guides/redis.md links to docs/guides/nothing.md, which does not exist.',
    )
  })
})
