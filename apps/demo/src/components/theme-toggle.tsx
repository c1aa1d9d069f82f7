import { useTheme } from '../hooks/use-theme'
import { IconButton } from './icon-button'

export function ThemeToggle() {
  const [theme, choose] = useTheme()
  const other = theme === 'dark' ? 'light' : 'dark'
  return (
    <IconButton
      icon={theme === 'dark' ? 'sun' : 'moon'}
      label={`Switch to the ${other} theme`}
      onClick={() => choose(other)}
    />
  )
}
