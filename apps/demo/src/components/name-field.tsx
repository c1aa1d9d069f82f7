import { useId } from 'react'
import { suggestName } from '../model/person-name'
import styles from './field.module.css'
import { IconButton } from './icon-button'

interface Props {
  readonly value: string
  readonly onChange: (name: string) => void
  readonly problem: string | null
}

/** The field for a name, with a button that suggests one. */
export function NameField({ value, onChange, problem }: Props) {
  const id = useId()
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={styles.label}>
        Your name
      </label>
      <div className={styles.row}>
        <input
          id={id}
          className={styles.input}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          autoComplete="nickname"
          spellCheck={false}
          aria-invalid={problem !== null}
          aria-describedby={`${id}-problem`}
          data-autofocus=""
        />
        <IconButton
          icon="dice"
          label="Suggest another name"
          onClick={() => onChange(suggestName(Math.random))}
        />
      </div>
      <p id={`${id}-problem`} className={styles.problem} role="alert">
        {problem}
      </p>
    </div>
  )
}
