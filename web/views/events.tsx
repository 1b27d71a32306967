import { computed, signal } from '@preact/signals';
import { kinds, matches, noFilter, sentence, tone, type Kind, type EventFilter } from '../logic/events';
import { FIRST_ROWS, More } from '../parts/table-head';
import { Moment } from '../parts/time';
import { hello, events } from '../state/store';

const filter = signal<EventFilter>(noFilter);
const shown = signal(FIRST_ROWS);
const wanted = computed(() => events.value.filter((item) => matches(item, filter.value)));

const KIND_WORDS: Readonly<Record<Kind, string>> = { port: 'Ports', engine: 'Engines', health: 'Health' };

export function EventsView() {
  return (
    <section class="panel" aria-labelledby="events-title">
      <div class="panel-head">
        <h1 id="events-title">Events</h1>
        <Filter />
      </div>
      {wanted.value.length === 0 ? (
        <p class="empty">
          {events.value.length === 0
            ? 'There are no events yet. Changes of ports, of engines and of the health of VPNs will appear here.'
            : 'No event matches the filter.'}
        </p>
      ) : (
        <div role="log" aria-label="Events, newest first">
          <ol class="events">
            {wanted.value.slice(0, shown.value).map((item) => (
              <li key={item.id} class={`tone-${tone(item)}`}>
                <span class="dot" aria-hidden="true" />
                <span class="event-time">
                  <Moment at={Date.parse(item.time)} />
                </span>
                <span class="event-vpn">{item.vpn}</span>
                <span class="event-text">{sentence(item)}</span>
              </li>
            ))}
          </ol>
        </div>
      )}
      <More shown={shown} all={wanted.value.length} />
    </section>
  );
}

function Filter() {
  const change = (part: Partial<EventFilter>) => (filter.value = { ...filter.value, ...part });
  return (
    <div class="filter">
      <select
        aria-label="VPN"
        value={filter.value.vpn ?? ''}
        onChange={({ currentTarget }) => change({ vpn: currentTarget.value || null })}
      >
        <option value="">All VPNs</option>
        {hello.value?.vpns.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label="Kind of event"
        value={filter.value.kind ?? ''}
        onChange={({ currentTarget }) => change({ kind: (currentTarget.value || null) as Kind | null })}
      >
        <option value="">All kinds</option>
        {Object.keys(kinds).map((kind) => (
          <option key={kind} value={kind}>
            {KIND_WORDS[kind as Kind]}
          </option>
        ))}
      </select>
      <input
        type="search"
        placeholder="Filter"
        aria-label="Text in the event"
        value={filter.value.text}
        onInput={({ currentTarget }) => change({ text: currentTarget.value })}
      />
    </div>
  );
}
