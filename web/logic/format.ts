// Formats numbers and times for people, in the time zone and language of the browser.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in one or two units: `8 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. */
export function duration(ms: number): string {
  const left = Math.max(0, ms);
  if (left < MINUTE) return `${Math.floor(left / SECOND)} s`;
  if (left < HOUR) return `${Math.floor(left / MINUTE)} min`;
  if (left < DAY) return inTwoUnits(left, HOUR, 'h', MINUTE, 'min');
  return inTwoUnits(left, DAY, 'd', HOUR, 'h');
}

function inTwoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
}

/** A duration below a minute with a tenth of a second; a longer one as in `duration`. */
export function seconds(ms: number): string {
  return ms < MINUTE ? `${(Math.max(0, ms) / SECOND).toFixed(1)} s` : duration(ms);
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** @param kilobytes KB/s; null: unknown */
export function speed(kilobytes: number | null): string {
  if (kilobytes === null) return '–';
  if (kilobytes < 1_000) return `${Math.round(kilobytes)} KB/s`;
  return `${(kilobytes / 1_000).toFixed(kilobytes < 10_000 ? 1 : 0)} MB/s`;
}

/** A long text, such as a content id, with only its beginning and its end. */
export function shortened(text: string, keep = 8): string {
  return text.length <= 2 * keep + 1 ? text : `${text.slice(0, keep)}…${text.slice(-keep)}`;
}

const formats = {
  time: new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' }),
  shortTime: new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' }),
  day: new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric' }),
  dayAndTime: new Intl.DateTimeFormat(undefined, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  }),
  whole: new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' }),
};

/** The time of day, with the date if it is not today. */
export function time(at: number, now: number): string {
  return isSameDay(at, now) ? formats.time.format(at) : formats.dayAndTime.format(at);
}

export function shortTime(at: number): string {
  return formats.shortTime.format(at);
}

export function day(at: number): string {
  return formats.day.format(at);
}

/** The time with date and time zone. */
export function wholeTime(at: number): string {
  return formats.whole.format(at);
}

function isSameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
