import { signal } from '@preact/signals';
import { apiKey, forgetKey, keepKey } from './key';

// What a reader may have Portward do. Each action asks first where something is cut, asks for the key where one is needed, and
// shows what came of it.

export interface Action {
  readonly title: string;
  /** What will happen; null: nothing is cut, so nothing is asked. */
  readonly warning: string | null;
  /** Of the button that does it. */
  readonly verb: string;
  readonly request: { readonly method: 'POST' | 'DELETE'; readonly path: string; readonly body?: object };
  /** What to say when it was done. */
  readonly done: (answer: unknown) => string;
}

/** What is asked now: whether to do it, or for the key. */
export interface Asking {
  readonly action: Action;
  readonly what: 'sure' | 'key';
  /** Why the key that was given did not do. */
  readonly problem: string | null;
}

export const asking = signal<Asking | null>(null);
export const isBusy = signal(false);

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly isError: boolean;
}
export const notices = signal<readonly Notice[]>([]);
const SHOWN_FOR_MS = 8_000;
let notice = 0;

export function begin(action: Action): void {
  if (action.warning === null) void carryOut(action);
  else asking.value = { action, what: 'sure', problem: null };
}

export function giveUp(): void {
  asking.value = null;
}

export function withKey(action: Action, key: string): void {
  keepKey(key);
  void carryOut(action);
}

export async function carryOut(action: Action): Promise<void> {
  isBusy.value = true;
  try {
    const { status, answer } = await ask(action.request);
    const problem = keyProblem(status, answer);
    if (problem !== undefined) {
      forgetKey();
      asking.value = { action, what: 'key', problem };
      return;
    }
    asking.value = null;
    if (status < 400) say(action.done(answer), false);
    else say(`${action.title}: ${detailOf(answer) ?? `Portward answered ${status}`}`, true);
  } catch {
    asking.value = null;
    say(`${action.title}: Portward does not answer`, true);
  } finally {
    isBusy.value = false;
  }
}

async function ask({ method, path, body }: Action['request']): Promise<{ status: number; answer: unknown }> {
  const key = apiKey.peek();
  const response = await fetch(path, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json().catch(() => null);
  return { status: response.status, answer };
}

/** Null: none was sent; undefined: it is not the key that is wrong. */
function keyProblem(status: number, answer: unknown): string | null | undefined {
  if (status === 401) return null;
  return status === 403 && detailOf(answer) === 'invalid token' ? 'That is not the key.' : undefined;
}

/** `detail` of an error is a text, or an object with a message. */
export function detailOf(answer: unknown): string | null {
  const detail: unknown = (answer as { detail?: unknown } | null)?.detail;
  if (typeof detail === 'string') return detail;
  const message: unknown = (detail as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : null;
}

export function say(text: string, isError: boolean): void {
  const id = ++notice;
  notices.value = [...notices.value, { id, text, isError }].slice(-4);
  // What went wrong stays until it is read.
  if (!isError) setTimeout(() => dismiss(id), SHOWN_FOR_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((n) => n.id !== id);
}
