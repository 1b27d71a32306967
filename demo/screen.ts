import { styleText } from 'node:util';
import type { RunNames } from './names';

/** The actor of a line in the timeline. */
export type Who = 'demo' | 'portward' | 'gluetun' | 'gluetun2' | 'client' | 'viewers' | 'you';

type Style = Parameters<typeof styleText>[0];

const WHO_STYLES: Record<Who, Style> = {
  demo: 'gray',
  portward: 'cyan',
  gluetun: 'magenta',
  gluetun2: 'magenta',
  client: 'green',
  viewers: 'green',
  you: 'bold',
};
const WHO_WIDTH = 10;
const REFRESH_MS = 200;
/** Log lines arrive about 100 ms after the event. Each line is held back for this time, so that all come out in order. */
const HELD_MS = 400;

/** Prints the timeline, and on a terminal one line below it (the pulse) that is updated all the time. */
export class Screen {
  private readonly startedAt = Date.now();
  private readonly terminal: boolean;
  private readonly colour: boolean;
  private held: { readonly at: number; readonly lines: readonly string[] }[] = [];
  private pulse: { readonly text: () => string; readonly timer: NodeJS.Timeout } | null = null;

  constructor(
    private readonly names: RunNames,
    private readonly out: NodeJS.WriteStream = process.stdout,
  ) {
    this.terminal = out.isTTY;
    this.colour = this.terminal && process.env['NO_COLOR'] === undefined;
    process.once('exit', () => this.release(Infinity));
  }

  /** @param at ms since the epoch; default: now */
  say(who: Who, text: string, { at = Date.now(), style }: { at?: number; style?: Style } = {}): void {
    const time = `${((at - this.startedAt) / 1000).toFixed(2).padStart(6)} s`;
    const [first = '', ...more] = this.names.shown(text).split('\n');
    const margin = ' '.repeat(time.length + 4 + WHO_WIDTH);
    const head = `${this.styled('gray', time)}  ${this.styled(WHO_STYLES[who], who.padEnd(WHO_WIDTH))}`;
    const lines = [
      `${head}${this.styled(style, first)}`,
      ...more.map((line) => `${margin}${this.styled(style, line)}`),
    ];
    this.held.push({ at, lines });
    setTimeout(() => this.release(Date.now() - HELD_MS), HELD_MS).unref();
  }

  /** Writes the held lines up to that time, in order of time. */
  private release(until: number): void {
    const due = this.held.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at);
    this.held = this.held.filter(({ at }) => at > until);
    for (const { lines } of due) for (const line of lines) this.write(line);
  }

  heading(text: string): void {
    this.release(Infinity);
    this.write('');
    this.write(this.styled('bold', `── ${text} ${'─'.repeat(Math.max(0, 96 - text.length))}`));
  }

  /** Writes lines without time and actor. */
  text(lines: readonly string[], style?: Style): void {
    this.release(Infinity);
    for (const line of lines) this.write(this.styled(style, line));
  }

  /** Shows a text below the last line and keeps it up to date. Does nothing without a terminal. */
  startPulse(text: () => string): void {
    if (!this.terminal) return;
    this.pulse = { text, timer: setInterval(() => this.drawPulse(), REFRESH_MS) };
  }

  stopPulse(): void {
    if (!this.pulse) return;
    clearInterval(this.pulse.timer);
    this.pulse = null;
    this.erasePulse();
  }

  private styled(style: Style | undefined, text: string): string {
    return this.colour && style !== undefined ? styleText(style, text) : text;
  }

  private write(line: string): void {
    if (this.pulse) this.erasePulse();
    this.out.write(`${line}\n`);
    if (this.pulse) this.drawPulse();
  }

  private drawPulse(): void {
    if (!this.pulse) return;
    const time = `${((Date.now() - this.startedAt) / 1000).toFixed(1).padStart(5)} s`;
    this.erasePulse();
    this.out.write(this.styled('gray', `${time}   ${this.pulse.text()}`.slice(0, this.out.columns - 1)));
  }

  private erasePulse(): void {
    this.out.write('\r\u001b[2K');
  }
}
