import { memo } from 'react'
import type { NoticeLine as Notice } from '../model/timeline'
import { listNames } from '../model/words'
import styles from './marks.module.css'

/** Joins and leaves in one line. */
export const NoticeLine = memo(function NoticeLine({ notice }: { readonly notice: Notice }) {
  const { joined, left } = notice
  const parts = [
    joined.length > 0 ? `${listNames(joined.map(({ name }) => name))} joined` : '',
    left.length > 0 ? `${listNames(left.map(({ name }) => name))} left` : '',
  ]
  return <li className={styles.notice}>{parts.filter((part) => part !== '').join(' · ')}</li>
})
