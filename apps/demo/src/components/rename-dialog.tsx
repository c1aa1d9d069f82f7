import { type FormEvent, useState } from 'react'
import { checkName } from '../model/person-name'
import buttons from './button.module.css'
import { Dialog } from './dialog'
import { NameField } from './name-field'
import styles from './rename-dialog.module.css'

interface Props {
  readonly name: string
  readonly onRename: (name: string) => void
  readonly onClose: () => void
}

export function RenameDialog({ name, onRename, onClose }: Props) {
  const [text, setText] = useState(name)
  const [problem, setProblem] = useState<string | null>(null)
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    const checked = checkName(text)
    if ('problem' in checked) {
      setProblem(checked.problem)
      return
    }
    onRename(checked.name)
    onClose()
  }
  const onChange = (next: string) => {
    setText(next)
    setProblem(null)
  }
  return (
    <Dialog title="Change your name" onClose={onClose}>
      <form className={styles.form} onSubmit={onSubmit} noValidate>
        <NameField value={text} onChange={onChange} problem={problem} />
        <div className={styles.buttons}>
          <button type="button" className={buttons.plain} onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className={buttons.primary}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  )
}
