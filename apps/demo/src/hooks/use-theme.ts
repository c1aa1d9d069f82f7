import { useEffect } from 'react'
import { useMedia } from './use-media'
import { useStored } from './use-stored'

export type Theme = 'light' | 'dark'

/** The current theme: the chosen one, or the system's. `public/theme.js` applies the choice before this runs. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [text, write] = useStored('rollcall.theme')
  const isSystemDark = useMedia('(prefers-color-scheme: dark)')
  const chosen = text === 'light' || text === 'dark' ? text : null
  useEffect(() => {
    if (chosen) document.documentElement.dataset.theme = chosen
    else delete document.documentElement.dataset.theme
  }, [chosen])
  return [chosen ?? (isSystemDark ? 'dark' : 'light'), write]
}
