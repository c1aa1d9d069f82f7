import { linkText } from '../model/link-text'

/** The text of a message, with its addresses as links. */
export function MessageText({ text }: { readonly text: string }) {
  return linkText(text).map(({ text: part, href }, index) =>
    href === null ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: a message's text never changes.
      <a key={index} href={href} target="_blank" rel="noopener noreferrer nofollow">
        {part}
      </a>
    ),
  )
}
