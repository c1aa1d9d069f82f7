import { readdirSync, readFileSync } from 'node:fs'
import type { DefaultTheme } from 'vitepress'
import { at, pageOf } from './links'

type Item = DefaultTheme.SidebarItem

/** A page's entry: its title is the first heading of its file. */
function page(path: string): Item {
  const place = pageOf(path)
  if (place === null) throw new Error(`${path} is no page of the site.`)
  const [, title] = /^# (.+)$/m.exec(readFileSync(at(path), 'utf8')) ?? []
  if (title === undefined) throw new Error(`${path} has no heading to name it in the sidebar.`)
  return { text: title.replaceAll('`', ''), link: `/${place.replace(/(index)?\.md$/, '')}` }
}

const section = (text: string, paths: readonly string[], more: readonly Item[] = []): Item => ({
  text,
  collapsed: false,
  items: [...paths.map(page), ...more],
})

const inFolder = (folder: string, names: string) =>
  names.split(' ').map((name) => `docs/${folder}/${name}.md`)

const folded = (text: string, items: Item[]): Item => ({ text, collapsed: true, items })

/** Every page, in the order in which somebody new reads them. A page that is missing here fails a test. */
export function sidebar(): Item[] {
  const decisions = readdirSync(at('docs/adr')).sort()
  return [
    section('Start here', inFolder('start', 'quick-start quick-start-typescript concepts')),
    section(
      'Guides',
      inFolder(
        'guides',
        'server embed channels authentication authorization client react testing redis deploy',
      ),
      [
        folded('Other clients', inFolder('guides', 'phoenix zzz vix').map(page)),
        folded('Extend it', inFolder('guides', 'listener store').map(page)),
      ],
    ),
    section(
      'Recipes',
      inFolder(
        'recipes',
        'index who-is-in-this-document typing-indicator devices-of-one-person read-only-viewers invisible-staff kick-and-ban presence-from-node announce-arrivals show-names-safely',
      ),
    ),
    section(
      'Reference',
      inFolder(
        'reference',
        'server-options server-api client-options client-api command limits errors tokens http protocol phoenix redis',
      ),
      [
        { text: 'Generated API', link: '/reference/api/' },
        folded(
          'Laws',
          ['packages/client/SPEC.md', 'packages/server/SPEC.md', 'packages/shared-protocol/SPEC.md'].map(
            page,
          ),
        ),
      ],
    ),
    section(
      'Explanation',
      [
        'ARCHITECTURE.md',
        ...inFolder('explanation', 'delivery several-servers security performance scaling'),
        'GLOSSARY.md',
        'SECURITY.md',
        'CONTRIBUTING.md',
      ],
      [
        folded(
          'Decisions',
          decisions.map((name) => page(`docs/adr/${name}`)),
        ),
      ],
    ),
  ]
}
