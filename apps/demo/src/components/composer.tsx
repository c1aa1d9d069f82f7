import { type FormEvent, type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from 'react'
import { COUNT_FROM, lengthOf, MAX_MESSAGE_LENGTH } from '../model/message'
import { count } from '../model/words'
import styles from './composer.module.css'
import { Icon } from './icon'

/** The id for the link that skips to the composer. */
export const MESSAGE_BOX_ID = 'message-box'

interface Props {
  readonly title: string
  readonly hasFocusAtStart: boolean
  readonly onSend: (text: string) => void
  readonly onTouch: () => void
  readonly onStop: () => void
}

/** The field for a new message. Reports text that is too long, and never cuts it. */
export function Composer({ title, hasFocusAtStart, onSend, onTouch, onStop }: Props) {
  const [text, setText] = useState('')
  const box = useRef<HTMLTextAreaElement>(null)
  const id = useId()
  const length = lengthOf(text)
  const excess = length - MAX_MESSAGE_LENGTH

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text.
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    element.style.height = 'auto'
    element.style.height = `${element.scrollHeight}px`
  }, [text])

  const send = () => {
    if (text.trim() === '' || excess > 0) return
    onSend(text.trim())
    onStop()
    setText('')
  }
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    send()
    box.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // During the composition of an input method, Enter only ends it.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }

  return (
    <form className={styles.form} onSubmit={onSubmit} data-excess={excess > 0}>
      <textarea
        ref={box}
        id={MESSAGE_BOX_ID}
        className={styles.box}
        aria-label={`Message to ${title}`}
        aria-describedby={`${id}-length`}
        aria-invalid={excess > 0}
        placeholder={`Message to ${title}`}
        rows={1}
        value={text}
        // biome-ignore lint/a11y/noAutofocus: people enter a room to talk. Not on phones, where the keyboard would open.
        autoFocus={hasFocusAtStart}
        enterKeyHint="send"
        onChange={(event) => {
          setText(event.target.value)
          if (event.target.value.trim() === '') onStop()
          else onTouch()
        }}
        onBlur={onStop}
        onKeyDown={onKeyDown}
      />
      <p id={`${id}-length`} className={styles.length} role={excess > 0 ? 'alert' : undefined}>
        {excess > 0
          ? `${count(excess, 'character')} too many: a message has at most ${MAX_MESSAGE_LENGTH}.`
          : length >= COUNT_FROM && `${count(-excess, 'character')} left`}
      </p>
      <button
        type="submit"
        className={styles.send}
        aria-label="Send"
        title="Send"
        aria-disabled={text.trim() === '' || excess > 0}
      >
        <Icon name="send" />
      </button>
    </form>
  )
}
