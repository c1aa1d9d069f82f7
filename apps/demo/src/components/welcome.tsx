import { type FormEvent, useState } from 'react'
import { randomId } from '../io/random-id'
import { checkName, suggestName } from '../model/person-name'
import { Avatar } from './avatar'
import buttons from './button.module.css'
import { Mark } from './mark'
import { NameField } from './name-field'
import { ThemeToggle } from './theme-toggle'
import styles from './welcome.module.css'

/** The first visit: the user chooses a name and sees the avatar for it. */
export function Welcome({ onEnter }: { readonly onEnter: (id: string, name: string) => void }) {
  const [id] = useState(randomId)
  const [name, setName] = useState(() => suggestName(Math.random))
  const [problem, setProblem] = useState<string | null>(null)

  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    const checked = checkName(name)
    if ('problem' in checked) setProblem(checked.problem)
    else onEnter(id, checked.name)
  }
  const onChange = (next: string) => {
    setName(next)
    setProblem(null)
  }

  return (
    <div className={styles.page}>
      <header className={styles.top}>
        <ThemeToggle />
      </header>
      <main className={styles.card}>
        <div className={styles.brand}>
          <Mark size={30} />
          <span>Rollcall</span>
        </div>
        <h1 className={styles.title}>Who is here?</h1>
        <p className={styles.lead}>
          A small chat where you see who is in the room, on how many devices, and who is typing.
        </p>
        <form className={styles.form} onSubmit={onSubmit} noValidate>
          <div className={styles.preview}>
            <Avatar id={id} name={name} size="l" />
          </div>
          <NameField value={name} onChange={onChange} problem={problem} />
          <button type="submit" className={buttons.primary}>
            Sign the register
          </button>
        </form>
        <p className={styles.fine}>
          Your name stays in this browser. Another tab of it is you too, on a second device.
        </p>
      </main>
    </div>
  )
}
