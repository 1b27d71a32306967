import { useEffect } from 'preact/hooks';
import { ActionDialog } from './parts/action-dialog';
import { Header } from './parts/header';
import { LinkNotice } from './parts/link-notice';
import { Notices } from './parts/notices';
import { summary } from './logic/summary';
import { vpns } from './state/store';
import { view, views } from './state/view';
import { EnginesView } from './views/engines';
import { EventsView } from './views/events';
import { Overview } from './views/overview';
import { StreamsView } from './views/streams';

const shown = { overview: Overview, engines: EnginesView, streams: StreamsView, events: EventsView };

export function App() {
  const Shown = shown[view.value];
  const title = view.value === 'overview' ? summary(vpns.value).text : views[view.value];
  useEffect(() => {
    document.title = `${title} – Portward`;
  }, [title]);
  return (
    <>
      <a class="skip" href="#main" onClick={toMain}>
        Skip to content
      </a>
      <Header />
      <LinkNotice />
      <main id="main" tabIndex={-1}>
        <Shown />
      </main>
      <Notices />
      <ActionDialog />
    </>
  );
}

/** Moves the focus without a change of the address, whose fragment names the view. */
function toMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
