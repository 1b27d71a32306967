import { computed, signal } from '@preact/signals';
import type { PageStream } from '../../src/api/page/state';
import { shortened, speed } from '../logic/format';
import { sorted, type Order, type Sortable } from '../logic/sort';
import { StreamLine } from '../parts/stream-line';
import { StreamPlot } from '../parts/stream-plot';
import { FIRST_ROWS, More, TableHead, type Column } from '../parts/table-head';
import { Age, Copy, Moment, Name } from '../parts/time';
import { samplesOf, vpns } from '../state/store';

interface Row {
  readonly vpn: string;
  readonly stream: PageStream;
  readonly engine: string;
}

type Name = 'content' | 'engine' | 'peers' | 'down' | 'up' | 'since';

const columns: readonly Column<Name>[] = [
  { name: 'content', label: 'Content' },
  { name: 'engine', label: 'Engine' },
  { name: 'peers', label: 'Peers', isNumber: true },
  { name: 'down', label: 'Down', isNumber: true },
  { name: 'up', label: 'Up', isNumber: true },
  { name: 'since', label: 'Duration', isNumber: true },
];

/** Indexes in a sample. */
const IN_SAMPLE = { peers: 2, down: 3, up: 4 } as const;

const values: Readonly<Record<Name, (row: Row) => Sortable>> = {
  content: ({ stream }) => stream.key,
  engine: ({ engine }) => engine,
  // New samples do not sort the table again, because rows that keep moving can't be read.
  peers: (row) => latest(row, 'peers'),
  down: (row) => latest(row, 'down'),
  up: (row) => latest(row, 'up'),
  since: ({ stream }) => -stream.startedAt,
};

function latest({ stream }: Row, what: keyof typeof IN_SAMPLE): number | null {
  return samplesOf(stream.id).peek().at(-1)?.[IN_SAMPLE[what]] ?? null;
}

const order = signal<Order<Name>>({ by: 'since', down: false });
const shown = signal(FIRST_ROWS);
const showsEnded = signal(false);
const opened = signal<string | null>(null);

const rows = computed(() =>
  vpns.value.flatMap(({ name, streams, engines, replacements }) => {
    const names = new Map([
      ...replacements.flatMap(({ old_engine: old }) => (old ? [[old.container_id, old.container_name] as const] : [])),
      ...engines.map((e) => [e.id, e.name] as const),
    ]);
    return streams.map((stream): Row => {
      return { vpn: name, stream, engine: names.get(stream.engine) ?? shortened(stream.engine, 6) };
    });
  }),
);
const inOrder = computed(() => {
  const wanted = rows.value.filter(({ stream }) => (stream.endedAt === null) !== showsEnded.value);
  return sorted(wanted, values[order.value.by], order.value.down);
});

export function StreamsView() {
  const ended = rows.value.filter(({ stream }) => stream.endedAt !== null).length;
  const tabs = [
    { label: `Running ${rows.value.length - ended}`, isEnded: false },
    { label: `Ended ${ended}`, isEnded: true },
  ];
  return (
    <section class="panel" aria-labelledby="streams-title">
      <div class="panel-head">
        <h1 id="streams-title">Streams</h1>
        <div class="segments" role="group" aria-label="Which streams">
          {tabs.map(({ label, isEnded }) => (
            <button
              key={label}
              type="button"
              aria-pressed={showsEnded.value === isEnded}
              onClick={() => (showsEnded.value = isEnded)}
            >
              {label}
            </button>
          ))}
        </div>
      </div>
      {inOrder.value.length === 0 ? (
        <p class="empty">{showsEnded.value ? 'No stream has ended lately.' : NO_STREAM}</p>
      ) : (
        <table class="list streams">
          <TableHead columns={columns} order={order} last="Speed and details" />
          <tbody>
            {inOrder.value.slice(0, shown.value).map((row) => (
              <StreamRow key={row.stream.id} row={row} />
            ))}
          </tbody>
        </table>
      )}
      <More shown={shown} all={inOrder.value.length} />
    </section>
  );
}

const NO_STREAM =
  'No stream is running. Proxies report their streams at POST /events/stream_started. Then the streams appear here.';

function StreamRow({ row: { vpn, stream, engine } }: { readonly row: Row }) {
  const { id, key, isLive, startedAt, endedAt } = stream;
  const isOpen = opened.value === id;
  const toggle = () => (opened.value = isOpen ? null : id);
  return (
    <>
      <tr>
        <th scope="row" data-label="Content">
          <span class="name mono" title={key}>
            {shortened(key)}
          </span>
          {isLive && <span class="tag">live</span>}
        </th>
        <td data-label="Engine">
          <Name name={engine} /> <span class="muted">{vpn}</span>
        </td>
        <Figures id={id} />
        <td data-label="Duration" class="number">
          {endedAt === null ? (
            <Age since={startedAt} />
          ) : (
            <>
              <Moment at={endedAt} /> <span class="muted">{stream.endReason}</span>
            </>
          )}
        </td>
        <td class="row-actions">
          <button
            type="button"
            class="line-button"
            aria-expanded={isOpen}
            aria-label={`Details of ${shortened(key)}`}
            onClick={toggle}
          >
            <StreamLine id={id} />
          </button>
        </td>
      </tr>
      {isOpen && (
        <tr class="detail">
          <td colSpan={columns.length + 1}>
            <p class="detail-key">
              <span class="muted">{stream.keyType}</span> <code>{key}</code> <Copy text={key} what="content" />
            </p>
            <StreamPlot id={id} />
          </td>
        </tr>
      )}
    </>
  );
}

/** The cells with statistics. A component of their own, so that a new sample draws only them again. */
function Figures({ id }: { readonly id: string }) {
  const [, , peers = null, down = null, up = null] = samplesOf(id).value.at(-1) ?? [];
  return (
    <>
      <td data-label="Peers" class="number">
        {peers ?? '–'}
      </td>
      <td data-label="Down" class="number">
        {speed(down)}
      </td>
      <td data-label="Up" class="number">
        {speed(up)}
      </td>
    </>
  );
}
