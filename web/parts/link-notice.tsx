import { time } from '../logic/format';
import { heardAt, hello, link, now } from '../state/store';

/** Says that what is shown is old; the connection comes back by itself. */
export function LinkNotice() {
  if (link.value !== 'lost') return null;
  const isKnown = hello.value !== null;
  return (
    <div class="banner" role="alert">
      <strong>Portward does not answer.</strong>{' '}
      {isKnown ? `What you see is how it was at ${time(heardAt.value, now.value)}. ` : ''}
      The page tries again by itself.
    </div>
  );
}
