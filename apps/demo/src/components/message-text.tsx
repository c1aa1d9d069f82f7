import { linkText } from '../model/link-text'

/** A message's words, with the addresses in them to follow. */
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
