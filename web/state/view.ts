import { signal } from '@preact/signals';

export const views = { overview: 'Overview', engines: 'Engines', streams: 'Streams', events: 'Events' } as const;
export type View = keyof typeof views;

function shown(): View {
  const name = location.hash.replace(/^#\/?/, '');
  return name in views ? (name as View) : 'overview';
}

/** By the address, so that the browser's own ways back and forth lead through them. */
export const view = signal<View>(shown());
window.addEventListener('hashchange', () => (view.value = shown()));
