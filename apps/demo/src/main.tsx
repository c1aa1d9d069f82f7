import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app'
import './styles/tokens.css'
import './styles/base.css'

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root to render into')

const { protocol, host } = window.location
const url = `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/socket`

createRoot(root).render(
  <StrictMode>
    <App url={url} />
  </StrictMode>,
)
