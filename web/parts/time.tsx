import { computed, useSignal } from '@preact/signals';
import { duration, time, wholeTime } from '../logic/format';
import { now } from '../state/store';

/** The time in steps of 10 s, for ages that are shown in minutes. So they are not drawn again every second. */
const coarseNow = computed(() => Math.floor(now.value / 10_000) * 10_000);
const FINE_MS = 120_000;

/** The time that has passed since then. */
export function Age({ since }: { readonly since: number }) {
  const isFine = now.peek() - since < FINE_MS;
  const age = (isFine ? now : coarseNow).value - since;
  return (
    <time dateTime={new Date(since).toISOString()} title={wholeTime(since)}>
      {duration(age)}
    </time>
  );
}

export function Moment({ at }: { readonly at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={wholeTime(at)}>
      {time(at, coarseNow.value)}
    </time>
  );
}

/** A container's name, which may be long. Lines may break after each `_`. */
export function Name({ name }: { readonly name: string }) {
  return (
    <span class="name">
      {name.split(/(?<=_)/).map((part, i) => (
        <span key={i}>
          {part}
          <wbr />
        </span>
      ))}
    </span>
  );
}

const COPIED_SHOWN_FOR_MS = 1_500;

/** A button that copies a text. */
export function Copy({ text, what }: { readonly text: string; readonly what: string }) {
  const isCopied = useSignal(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(text);
    isCopied.value = true;
    setTimeout(() => (isCopied.value = false), COPIED_SHOWN_FOR_MS);
  };
  // Browsers give access to the clipboard only to pages from HTTPS or from this machine.
  if (!navigator.clipboard) return null;
  return (
    <button type="button" class="copy" onClick={() => void copy()} aria-label={`Copy ${what}`}>
      {isCopied.value ? 'Copied' : 'Copy'}
    </button>
  );
}
