import type { ComponentProps } from 'react'
import { Icon, type IconName } from './icon'
import styles from './icon-button.module.css'

interface Props extends Omit<ComponentProps<'button'>, 'children'> {
  readonly icon: IconName
  /** What it does; also its tooltip. */
  readonly label: string
}

export function IconButton({ icon, label, className = '', ...rest }: Props) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`${styles.button} ${className}`}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  )
}
