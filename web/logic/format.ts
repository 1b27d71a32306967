// Numbers and times as people read them, in the reader's zone and language.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something lasts: `8 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. */
export function duration(ms: number): string {
  const left = Math.max(0, ms);
  if (left < MINUTE) return `${Math.floor(left / SECOND)} s`;
  if (left < HOUR) return `${Math.floor(left / MINUTE)} min`;
  if (left < DAY) return two(left, HOUR, 'h', MINUTE, 'min');
  return two(left, DAY, 'd', HOUR, 'h');
}

function two(ms: number, great: number, greatName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % great) / small);
  return `${Math.floor(ms / great)} ${greatName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
}

/** A short time to a tenth of a second; a longer one as `duration` says. */
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

/** Of KB/s. */
export function speed(kilobytes: number | null): string {
  if (kilobytes === null) return '–';
  if (kilobytes < 1_000) return `${Math.round(kilobytes)} KB/s`;
  return `${(kilobytes / 1_000).toFixed(kilobytes < 10_000 ? 1 : 0)} MB/s`;
}

/** A content id is known by its ends. */
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

/** The time of day; of another day with that day. */
export function time(at: number, now: number): string {
  return isSameDay(at, now) ? formats.time.format(at) : formats.dayAndTime.format(at);
}

export function shortTime(at: number): string {
  return formats.shortTime.format(at);
}

export function day(at: number): string {
  return formats.day.format(at);
}

/** With date and zone, for those who want to know exactly. */
export function wholeTime(at: number): string {
  return formats.whole.format(at);
}

function isSameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
