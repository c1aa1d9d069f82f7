// A chosen theme holds from the first paint on; without one the system's applies. Written by src/hooks/use-theme.ts.
try {
  const theme = localStorage.getItem('rollcall.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // No storage, no choice.
}
