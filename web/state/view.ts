import { signal } from '@preact/signals';

export const views = { overview: 'Overview', engines: 'Engines', streams: 'Streams', events: 'Events' } as const;
export type View = keyof typeof views;

function shown(): View {
  const name = location.hash.replace(/^#\/?/, '');
  return name in views ? (name as View) : 'overview';
}

/** The view named by the address, so that the browser's back and forward buttons switch between views. */
export const view = signal<View>(shown());
window.addEventListener('hashchange', () => (view.value = shown()));
