import type { Command } from 'commander';
import type { Result } from '../../doctor/check';
import type * as Doctor from '../../doctor/doctor';
import type { Verdict } from '../../doctor/finding';
import { call } from '../api';
import { apiCommand, type ApiCommandOptions } from '../api-command';
import type { Style, Terminal } from '../terminal';
import { counted } from '../words';

interface DoctorOptions extends ApiCommandOptions {
  readonly quiet?: true;
}

export function addDoctor(program: Command, terminal: Terminal): void {
  apiCommand(program, 'doctor', 'checks your set-up, and says what is wrong and what to do')
    .option('-q, --quiet', 'print only what is not in order')
    .action(async (options: DoctorOptions) => {
      // Loaded only here, because it loads the clients for Docker and Temporal.
      const { diagnose } = require('../../doctor/doctor') as typeof Doctor;
      const askPortward = (path: string) => call<unknown>(options, path);
      const results = await diagnose({ env: process.env, folder: process.cwd(), askPortward });
      const shown = options.quiet ? results.filter(({ verdict }) => verdict !== 'ok') : results;
      const counts = countsOf(results);
      if (options.json) terminal.json({ ...counts, checks: shown });
      else terminal.print([...lines(terminal, together(shown)), '', summary(terminal, counts)].join('\n'));
      if (counts.wrong > 0) process.exitCode = 1;
    });
}

type Counts = Readonly<Record<Verdict, number>>;

function countsOf(results: readonly Result[]): Counts {
  const counts = { ok: 0, warning: 0, wrong: 0, unknown: 0 };
  for (const { verdict } of results) counts[verdict]++;
  return counts;
}

const MARKS: Readonly<Record<Verdict, { readonly mark: string; readonly style: Style }>> = {
  ok: { mark: 'ok', style: 'green' },
  warning: { mark: 'warning', style: 'yellow' },
  wrong: { mark: 'wrong', style: 'red' },
  unknown: { mark: '?', style: 'dim' },
};

/** From this number on, checks that were impossible for one reason share a line. */
const MANY = 3;

/** Puts checks that were impossible for the same reason on one line. */
function together(results: readonly Result[]): Result[] {
  const unknown = (found: string) => results.filter((result) => result.verdict === 'unknown' && result.found === found);
  return results.flatMap((result): Result[] => {
    const same = result.verdict === 'unknown' ? unknown(result.found) : [];
    if (same.length < MANY) return [result];
    return same[0] === result ? [{ ...result, title: `${same.length} others`, vpn: null }] : [];
  });
}

/** A block of lines for each finding: what was found, and below it what that means and what to do. */
function lines(terminal: Terminal, results: readonly Result[]): string[] {
  const titles = results.map(({ title, vpn }) => (vpn === null ? title : `${vpn}: ${title}`));
  const width = Math.max(0, ...titles.map((title) => title.length));
  const indent = MARK_WIDTH + width + 4;
  const room = Math.max(LEAST_ROOM, (terminal.out.columns ?? Infinity) - indent);
  const block = (text: string, style?: Style) =>
    wrapped(text, room)
      .map((line) => (style === undefined ? line : terminal.style(style, line)))
      .join(`\n${' '.repeat(indent)}`);
  return results.map(({ verdict, found, means, todo }, i) => {
    const { mark, style } = MARKS[verdict];
    const head = `${terminal.style(style, mark.padEnd(MARK_WIDTH))}  ${(titles[i] ?? '').padEnd(width)}  ${block(found)}`;
    const below = [
      ...(means === null ? [] : [block(means, 'dim')]),
      ...(todo === null ? [] : [block(`→ ${todo}`, 'bold')]),
    ];
    return [head, ...below].join(`\n${' '.repeat(indent)}`);
  });
}

const MARK_WIDTH = 7;
/** A narrower terminal wraps lines itself. */
const LEAST_ROOM = 40;

function wrapped(text: string, width: number): string[] {
  const rows: string[] = [];
  for (const word of text.split(' ')) {
    const row = rows.at(-1);
    if (row !== undefined && row.length + 1 + word.length <= width) rows[rows.length - 1] = `${row} ${word}`;
    else rows.push(word);
  }
  return rows;
}

function summary(terminal: Terminal, { ok, warning, wrong, unknown }: Counts): string {
  const parts = [
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
    ...(warning > 0 ? [counted(warning, 'warning')] : []),
    ...(unknown > 0 ? [`${unknown} not checked`] : []),
    `${ok} ok`,
  ];
  const style = wrong > 0 ? 'red' : warning > 0 ? 'yellow' : 'green';
  return terminal.style(style, parts.join(', '));
}
