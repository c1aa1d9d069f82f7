import { defineConfig } from 'vitepress'
import { anchorOf, GITHUB, pageOf, siteLink } from './links'
import { sidebar } from './sidebar'

// The repository is the source, so that ARCHITECTURE.md, GLOSSARY.md and the packages' laws are pages too.
export default defineConfig({
  title: 'Rollcall',
  description: 'Presence for TypeScript: who is here, live.',
  lang: 'en',
  base: process.env.DOCS_BASE ?? '/',
  srcDir: '..',
  srcExclude: [
    'README.md',
    '{.changeset,apps,bench,examples,lint,scripts,tests,test-results}/**',
    'packages/*/README.md',
  ],
  rewrites: (id) => pageOf(id) ?? id,
  cleanUrls: true,
  lastUpdated: false,
  markdown: {
    anchor: { slugify: anchorOf },
    config(md) {
      md.core.ruler.push('repository-links', ({ tokens, env }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const href = token.type === 'link_open' ? token.attrGet('href') : null
          if (href !== null) token.attrSet('href', siteLink(env.realPath ?? env.path, href))
        }
      })
    },
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start/quick-start', activeMatch: '^/start/' },
      { text: 'Guides', link: '/guides/server', activeMatch: '^/guides/' },
      { text: 'Recipes', link: '/recipes/', activeMatch: '^/recipes/' },
      { text: 'Reference', link: '/reference/server-options', activeMatch: '^/reference/' },
      { text: 'Explanation', link: '/explanation/architecture', activeMatch: '^/(explanation|adr)/' },
    ],
    sidebar: sidebar(),
    outline: { level: [2, 3] },
    // `npm test` builds without it: the index takes a third of the time, and no page can break it.
    ...(process.env.DOCS_SEARCH === 'off' ? {} : { search: { provider: 'local' } }),
    socialLinks: [{ icon: 'github', link: GITHUB }],
  },
})
