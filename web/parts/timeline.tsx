import { computed, signal } from '@preact/signals';
import { timelineStart, ranges, ticks, place, type Range } from '../logic/ribbon';
import { now, vpns } from '../state/store';
import { Replacements } from './replacements';
import { Ribbon } from './ribbon';
import { Moment } from './time';

export const range = signal<Range>('day');
/** Labels further left than this fraction of the ribbon are left out, because they would overlap the names. */
const FIRST_TICK = 0.03;
/** The time advances in steps of this fraction of the ribbon, so that ribbons are drawn again only when they would look different. */
const STEPS = 600;
const to = computed(() => {
  const step = ranges[range.value] / STEPS;
  return Math.ceil(now.value / step) * step;
});

export const span = computed(() => ({ from: to.value - ranges[range.value], to: to.value }));

export function Timeline() {
  if (vpns.value.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="timeline-title">
      <div class="panel-head">
        <h2 id="timeline-title">Timeline</h2>
        <div class="segments" role="group" aria-label="Length of the timeline">
          {Object.keys(ranges).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={range.value === name}
              onClick={() => (range.value = name as Range)}
            >
              {name[0]?.toUpperCase() + name.slice(1)}
            </button>
          ))}
        </div>
      </div>
      <div class="ribbons">
        {vpns.value.map((vpn) => (
          <Ribbon key={vpn.name} vpn={vpn} span={span.value} />
        ))}
        <div class="axis" aria-hidden="true">
          {ticks(range.value, span.value)
            .filter(({ at }) => place(at, span.value) > FIRST_TICK)
            .map(({ at, label }) => (
              <span key={at} style={{ left: `${place(at, span.value) * 100}%` }}>
                {label}
              </span>
            ))}
        </div>
      </div>
      <Legend />
      <Replacements />
    </section>
  );
}

function Legend() {
  const earliest = Math.min(...vpns.value.map(({ states }) => timelineStart(states) ?? Infinity));
  return (
    <p class="legend">
      <span>
        <i class="key band-port" /> port
      </span>
      <span>
        <i class="key band-none" /> no port
      </span>
      <span>
        <i class="key band-down" /> VPN down
      </span>
      <span>
        <i class="key band-unseen" /> unknown
      </span>
      <span>
        <i class="key key-mark" /> replacement
      </span>
      {earliest > span.value.from && earliest !== Infinity && (
        <span class="legend-since">
          Data since <Moment at={earliest} />
        </span>
      )}
    </p>
  );
}
