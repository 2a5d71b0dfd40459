/** Small pictures beside words; never instead of them for those who can't see. */
const PATHS = {
  play: 'M5 3.5v9l7.5-4.5z',
  stop: 'M4.5 4.5h7v7h-7z',
  plus: 'M8 3.5v9M3.5 8h9',
  close: 'M4.5 4.5l7 7M11.5 4.5l-7 7',
  share: 'M8 10V2.5M5 5l3-3 3 3M3 9v4.5h10V9',
  sliders: 'M2.5 5h6M11.5 5h2M2.5 11h2M7.5 11h6M10 3.5v3M6 9.5v3',
  copy: 'M6 6h7v7H6zM3 10V3h7',
  upload: 'M8 11V3.5M5 6l3-3 3 3M3 13h10',
  trash: 'M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9',
} as const

export function Icon({ name }: { name: keyof typeof PATHS }) {
  const isSolid = name === 'play' || name === 'stop'
  return (
    <svg
      class="icon"
      viewBox="0 0 16 16"
      aria-hidden="true"
      fill={isSolid ? 'currentColor' : 'none'}
      stroke={isSolid ? 'none' : 'currentColor'}
    >
      <path d={PATHS[name]} stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  )
}
