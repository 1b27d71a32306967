import type { PageVpn } from '../../src/api/page/state';
import { count, shortTime } from '../logic/format';
import { bands, bandWords, inWords, marks, place, type Band, type Span } from '../logic/ribbon';
import { open } from './replacements';

/** The smallest distance of two marks, as a fraction of the ribbon. Closer marks would be hard to click. */
const MARKS_APART = 0.025;

export function Ribbon({ vpn, span }: { readonly vpn: PageVpn; readonly span: Span }) {
  const shown = bands(vpn.states, span);
  return (
    <div class="ribbon-row">
      <h3>{vpn.name}</h3>
      <div class="ribbon">
        <div class="bands" role="img" aria-label={`${vpn.name}: ${inWords(shown)}`}>
          {shown.map((band) => (
            <BandPart key={band.from} band={band} span={span} />
          ))}
        </div>
        {marks(vpn.ended, vpn.replacements, span, MARKS_APART).map(({ at, numbers, isRunning }) => {
          const newest = numbers.at(-1) ?? 0;
          const isOpen = open.value?.vpn === vpn.name && numbers.includes(open.value.number);
          const what = `${count(numbers.length, 'replacement')} on ${vpn.name} at ${shortTime(at)}`;
          return (
            <button
              key={newest}
              type="button"
              class={`mark${isRunning ? ' mark-running' : ''}`}
              style={{ left: `${place(at, span) * 100}%` }}
              aria-label={`Show ${what}`}
              aria-pressed={isOpen}
              title={what}
              onClick={() => (open.value = isOpen ? null : { vpn: vpn.name, number: newest })}
            >
              <span>{numbers.length > 1 ? numbers.length : ''}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}

function BandPart({ band, span }: { readonly band: Band; readonly span: Span }) {
  const left = place(band.from, span);
  const width = place(band.to, span) - left;
  const label = band.kind === 'port' ? String(band.port) : '';
  return (
    <span
      class={`band band-${band.kind} shade-${band.shade}`}
      style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
      title={`${bandWords(band)}, ${shortTime(band.from)} to ${shortTime(band.to)}`}
    >
      <span class="band-label">{label}</span>
    </span>
  );
}
