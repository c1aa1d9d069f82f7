import { type FormEvent, useId, useState } from 'react'
import { hashOf, MAX_ROOM_LENGTH, roomFromName } from '../model/room'
import { Icon } from './icon'
import styles from './new-room-form.module.css'

/** Opens a room by its name. A room exists as soon as a person is in it. */
export function NewRoomForm() {
  const [text, setText] = useState('')
  const [problem, setProblem] = useState('')
  const id = useId()
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    const room = roomFromName(text)
    if (room === null) {
      setProblem('A room’s name needs a letter or a digit.')
      return
    }
    setText('')
    window.location.hash = hashOf(room)
  }
  return (
    <form className={styles.form} onSubmit={onSubmit} noValidate>
      <div className={styles.row}>
        <input
          id={id}
          className={styles.input}
          aria-label="Open another room"
          aria-invalid={problem !== ''}
          aria-describedby={`${id}-problem`}
          placeholder="Open another room…"
          maxLength={MAX_ROOM_LENGTH}
          value={text}
          autoComplete="off"
          onChange={(event) => {
            setText(event.target.value)
            setProblem('')
          }}
        />
        <button type="submit" className={styles.button} aria-label="Open the room" title="Open the room">
          <Icon name="plus" size={18} />
        </button>
      </div>
      <p id={`${id}-problem`} className={styles.problem} role="alert">
        {problem}
      </p>
    </form>
  )
}
