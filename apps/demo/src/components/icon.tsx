/** The demo's own line icons, on a grid of 20. */
const PATHS = {
  people:
    'M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2 16.5c0-2.8 2.4-4.5 5.5-4.5s5.5 1.7 5.5 4.5M13 3.9a3 3 0 0 1 0 5.2M15 12.4c1.9.6 3 2.1 3 4.1',
  menu: 'M3 5.5h14M3 10h14M3 14.5h9',
  send: 'M3.5 10h12M10.5 4.5 16 10l-5.5 5.5',
  plus: 'M10 4v12M4 10h12',
  link: 'M8.5 11.5a3 3 0 0 0 4.2 0l3-3a3 3 0 0 0-4.2-4.2l-1 1M11.5 8.5a3 3 0 0 0-4.2 0l-3 3a3 3 0 0 0 4.2 4.2l1-1',
  sun: 'M10 13.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM10 2v1.6M10 16.4V18M2 10h1.6M16.4 10H18M4.3 4.3l1.2 1.2M14.5 14.5l1.2 1.2M4.3 15.7l1.2-1.2M14.5 5.5l1.2-1.2',
  moon: 'M16.5 11.7A6.8 6.8 0 0 1 8.3 3.5a6.8 6.8 0 1 0 8.2 8.2Z',
  up: 'm5.5 12.5 4.5-5 4.5 5',
  down: 'M10 4v11.5M4.5 10 10 15.5l5.5-5.5',
  close: 'm5 5 10 10M15 5 5 15',
  pencil: 'm4 16 .8-3.4L13.4 4a1.7 1.7 0 0 1 2.5 2.5L7.4 15.2 4 16Z',
  dice: 'M5.5 3.5h9a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2ZM7.2 7.2h.01M12.8 7.2h.01M10 10h.01M7.2 12.8h.01M12.8 12.8h.01',
  check: 'm4 10.5 4 4.5 8-9.5',
  devices:
    'M3 5.5A1.5 1.5 0 0 1 4.5 4h10A1.5 1.5 0 0 1 16 5.5M3 5.5v7h6M2 15.5h7M13 8.5h3.5a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H13a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1Z',
  door: 'M5 17V4.5A1.5 1.5 0 0 1 6.5 3h7A1.5 1.5 0 0 1 15 4.5V17M3 17h14M12 10.2h.01',
  quill: 'M16.8 3.2C10 3.6 6 7.4 5.4 13.6c5.4-.2 9.8-4 11.4-10.4ZM3.2 17c.8-2.8 3.4-6 7.4-8.2',
} as const

export type IconName = keyof typeof PATHS

/** Screen readers skip it: it is beside words or in a labelled button. */
export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      aria-hidden="true"
      focusable="false"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
