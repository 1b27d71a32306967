import { computed, signal } from '@preact/signals';
import type { EndedRecord, StateRecord } from '../../src/domain/vpn/timeline';
import type { ReplacementJson } from '../../src/api/schemas/engines';
import { count, seconds } from '../logic/format';
import { changeAt, numberOf } from '../logic/ribbon';
import { now, vpns } from '../state/store';
import { ReplacementBars } from './replacement-bars';
import { Moment } from './time';

/** The replacement whose steps are shown. */
export const open = signal<{ readonly vpn: string; readonly number: number } | null>(null);

const LATEST = 6;

export interface ShownReplacement {
  readonly vpn: string;
  readonly number: number;
  readonly cause: string;
  readonly startedAt: number;
  readonly ports: string;
  /** All details; null: only the timeline still has the replacement. */
  readonly whole: ReplacementJson | null;
  /** The timeline's record; null: the replacement has not ended. */
  readonly ended: EndedRecord | null;
}

/** All replacements, newest first. */
const all = computed(() =>
  vpns.value
    .flatMap(({ name, replacements, ended, states }): ShownReplacement[] => {
      const whole = new Map(replacements.map((r) => [numberOf(r), r]));
      const past = ended.filter(([number]) => !whole.has(number));
      return [
        ...[...whole].map(([number, r]) => {
          const record = ended.find(([n]) => n === number) ?? null;
          return {
            vpn: name,
            number,
            cause: r.cause,
            startedAt: Date.parse(r.started_at),
            ports: portsOf(r),
            whole: r,
            ended: record,
          };
        }),
        ...past.map((record) => {
          const [number, at, , , cause] = record;
          return {
            vpn: name,
            number,
            cause,
            startedAt: at * 1_000,
            ports: portsAt(states, record),
            whole: null,
            ended: record,
          };
        }),
      ];
    })
    .toSorted((a, b) => b.startedAt - a.startedAt),
);

function isOpen({ vpn, number }: ShownReplacement): boolean {
  return open.value?.vpn === vpn && open.value.number === number;
}

export function Replacements() {
  const latest = all.value.slice(0, LATEST);
  const opened = all.value.find(isOpen);
  const shown = opened && !latest.includes(opened) ? [opened, ...latest] : latest;
  if (shown.length === 0) return <p class="empty">No engine has been replaced yet.</p>;
  return (
    <>
      <h3 class="sub-title">Last replacements</h3>
      <ul class="replacements">
        {shown.map((replacement) => {
          const { vpn, number } = replacement;
          return (
            <li key={`${vpn} ${number}`}>
              <button
                type="button"
                class="replacement-head"
                aria-expanded={isOpen(replacement)}
                onClick={() => (open.value = isOpen(replacement) ? null : { vpn, number })}
              >
                <Head replacement={replacement} />
              </button>
              {isOpen(replacement) && <ReplacementBars replacement={replacement} />}
            </li>
          );
        })}
      </ul>
    </>
  );
}

function Head({
  replacement: { vpn, cause, startedAt, ports, whole, ended },
}: {
  readonly replacement: ShownReplacement;
}) {
  return (
    <>
      <span class="replacement-time">
        <Moment at={startedAt} />
      </span>
      <span class="replacement-vpn">{vpn}</span>
      <span class="replacement-cause">{cause}</span>
      <span class="replacement-ports">{ports}</span>
      <span class="replacement-end">{outcome(startedAt, whole, ended)}</span>
    </>
  );
}

function portsAt(states: readonly StateRecord[], [, at, , , cause]: EndedRecord): string {
  const change = cause === 'port changed' ? changeAt(states, at) : null;
  return change === null ? '' : `${change.from} → ${change.to}`;
}

function portsOf({ old_port, new_port }: ReplacementJson): string {
  if (old_port === null && new_port === null) return '';
  return old_port === new_port ? String(new_port) : `${old_port ?? 'none'} → ${new_port ?? 'none'}`;
}

function outcome(startedAt: number, whole: ReplacementJson | null, ended: EndedRecord | null): string {
  if (whole?.state === 'running') {
    const failed = whole.failed_attempts === 0 ? '' : `, ${count(whole.failed_attempts, 'failed attempt')}`;
    return `running for ${seconds(now.value - startedAt)}${failed}`;
  }
  if (whole?.state === 'lost') return 'lost';
  const kept = ended?.[2] ?? null;
  const readyAfter = whole?.ready_at ? Date.parse(whole.ready_at) - startedAt : kept === null ? null : kept * 1_000;
  return readyAfter === null ? 'removed' : `listed after ${seconds(readyAfter)}`;
}
