import { time } from '../logic/format';
import { hello, lastEventAt, link, now } from '../state/store';

/** Warns that the page is out of date while there is no connection. */
export function LinkNotice() {
  if (link.value !== 'lost') return null;
  const hasData = hello.value !== null;
  return (
    <div class="banner" role="alert">
      <strong>Portward does not answer.</strong>{' '}
      {hasData ? `This page shows the state at ${time(lastEventAt.value, now.value)}. ` : ''}
      The page reconnects by itself.
    </div>
  );
}
