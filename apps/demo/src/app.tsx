import { RollcallProvider } from '@rollcall/client/react'
import { Chat } from './components/chat'
import { Welcome } from './components/welcome'
import { useIdentity } from './hooks/use-identity'

/** Asks for a name on the first visit, then connects. */
export function App({ url }: { readonly url: string }) {
  const [identity, save] = useIdentity()
  if (identity === null) return <Welcome onEnter={(id, name) => save({ id, name })} />
  return (
    // Another identity needs another connection.
    <RollcallProvider key={identity.id} url={url} options={{ params: { user_id: identity.id } }}>
      <Chat identity={identity} onRename={(name) => save({ id: identity.id, name })} />
    </RollcallProvider>
  )
}
