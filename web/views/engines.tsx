import { computed, signal } from '@preact/signals';
import type { PageEngine } from '../../src/api/page/state';
import { phases, phaseWord } from '../logic/summary';
import { sorted, type Order, type Sortable } from '../logic/sort';
import { Pool } from '../parts/pool';
import { FIRST_ROWS, More, TableHead, type Column } from '../parts/table-head';
import { Age, Name } from '../parts/time';
import { begin } from '../state/actions';
import { vpns } from '../state/store';
import { removeEngine, replaceEngine } from '../state/available-actions';

interface Row {
  readonly vpn: string;
  readonly engine: PageEngine;
  readonly streams: number;
}

type Name = 'engine' | 'vpn' | 'phase' | 'http' | 'p2p' | 'health' | 'streams' | 'age';

const columns: readonly Column<Name>[] = [
  { name: 'engine', label: 'Engine' },
  { name: 'vpn', label: 'VPN' },
  { name: 'phase', label: 'State' },
  { name: 'health', label: 'Health' },
  { name: 'http', label: 'HTTP port', isNumber: true },
  { name: 'p2p', label: 'P2P port', isNumber: true },
  { name: 'streams', label: 'Streams', isNumber: true },
  { name: 'age', label: 'Age', isNumber: true },
];

const values: Readonly<Record<Name, (row: Row) => Sortable>> = {
  engine: ({ engine }) => engine.name,
  vpn: ({ vpn }) => vpn,
  phase: ({ engine }) => phases.findIndex(({ phase }) => phase === engine.phase),
  http: ({ engine }) => engine.httpPort,
  p2p: ({ engine }) => engine.p2pPort,
  health: ({ engine }) => engine.health,
  streams: ({ streams }) => streams,
  age: ({ engine: { createdAt } }) => (createdAt === null ? null : -createdAt),
};

const order = signal<Order<Name>>({ by: 'vpn', down: false });
const shown = signal(FIRST_ROWS);

const rows = computed(() =>
  vpns.value.flatMap(({ name, engines, streams }) =>
    engines.map((engine): Row => {
      return {
        vpn: name,
        engine,
        streams: streams.filter((s) => s.endedAt === null && s.engine === engine.id).length,
      };
    }),
  ),
);
const inOrder = computed(() => sorted(rows.value, values[order.value.by], order.value.down));

export function EnginesView() {
  return (
    <section class="panel" aria-labelledby="engines-title">
      <div class="panel-head">
        <h1 id="engines-title">Engines</h1>
        <Pool engines={rows.value.length} />
      </div>
      {rows.value.length === 0 ? (
        <Empty />
      ) : (
        <table class="list">
          <TableHead columns={columns} order={order} last="Actions" />
          <tbody>
            {inOrder.value.slice(0, shown.value).map((row) => (
              <EngineRow key={row.engine.id ?? `${row.vpn} ${row.engine.httpPort}`} row={row} />
            ))}
          </tbody>
        </table>
      )}
      <More shown={shown} all={rows.value.length} />
    </section>
  );
}

function Empty() {
  const problem = vpns.value.find((vpn) => vpn.problem !== null)?.problem ?? null;
  return (
    <p class="empty">
      There is no engine yet.{' '}
      {problem === null ? 'The first engine starts when its VPN is healthy.' : `The reason: ${problem}.`}
    </p>
  );
}

function EngineRow({ row: { vpn, engine, streams } }: { readonly row: Row }) {
  const { name, phase, forwarded, httpPort, p2pPort, health, createdAt } = engine;
  const mayAct = engine.id !== null && (phase === 'ready' || phase === 'hidden');
  return (
    <tr>
      <th scope="row" data-label="Engine">
        <Name name={name ?? 'not created yet'} />
        {forwarded && <span class="tag">forwarded</span>}
      </th>
      <td data-label="VPN">{vpn}</td>
      <td data-label="State">
        <span class={`phase phase-${phase}`}>{phaseWord(phase)}</span>
      </td>
      <td data-label="Health">{health === 'unknown' ? <span class="muted">unknown</span> : health}</td>
      <td data-label="HTTP port" class="number">
        {httpPort}
      </td>
      <td data-label="P2P port" class="number">
        {p2pPort ?? <span class="muted">–</span>}
      </td>
      <td data-label="Streams" class="number">
        {streams}
      </td>
      <td data-label="Age" class="number">
        {createdAt === null ? '–' : <Age since={createdAt} />}
      </td>
      <td class="row-actions">
        {mayAct && (
          <>
            <button
              type="button"
              class="quiet"
              aria-label={`Replace ${name}`}
              onClick={() => begin(replaceEngine(vpn, engine, streams))}
            >
              Replace
            </button>
            <button
              type="button"
              class="quiet"
              aria-label={`Remove ${name}`}
              onClick={() => begin(removeEngine(engine, streams))}
            >
              Remove
            </button>
          </>
        )}
      </td>
    </tr>
  );
}
