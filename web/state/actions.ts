import { signal } from '@preact/signals';
import { apiKey, forgetKey, keepKey } from './key';

// Runs the actions of the page's buttons. An action that takes engines away asks for confirmation. If Portward refuses it without a key, it
// asks for the key. Its result is shown as a notice.

export interface Action {
  readonly title: string;
  /** Shown with a request for confirmation; null: the action needs no confirmation. */
  readonly warning: string | null;
  /** Label of the button that confirms it. */
  readonly verb: string;
  readonly request: { readonly method: 'POST' | 'DELETE'; readonly path: string; readonly body?: object };
  /** The notice after success. */
  readonly done: (answer: unknown) => string;
}

/** What the dialog asks for. */
export interface Prompt {
  readonly action: Action;
  readonly what: 'confirmation' | 'key';
  /** Why the last key was refused; null: no key was refused. */
  readonly problem: string | null;
}

/** Null: the dialog is closed. */
export const prompt = signal<Prompt | null>(null);
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
  else prompt.value = { action, what: 'confirmation', problem: null };
}

export function cancel(): void {
  prompt.value = null;
}

export function withKey(action: Action, key: string): void {
  keepKey(key);
  void carryOut(action);
}

export async function carryOut(action: Action): Promise<void> {
  isBusy.value = true;
  try {
    const { status, answer } = await send(action.request);
    const problem = keyProblem(status, answer);
    if (problem !== undefined) {
      forgetKey();
      prompt.value = { action, what: 'key', problem };
      return;
    }
    prompt.value = null;
    if (status < 400) showNotice(action.done(answer), false);
    else showNotice(`${action.title}: ${detailOf(answer) ?? `Portward answered ${status}`}`, true);
  } catch {
    prompt.value = null;
    showNotice(`${action.title}: Portward does not answer`, true);
  } finally {
    isBusy.value = false;
  }
}

async function send({ method, path, body }: Action['request']): Promise<{ status: number; answer: unknown }> {
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

/** Null: the key is missing; a text: the key is wrong; undefined: the answer has nothing to do with the key. */
function keyProblem(status: number, answer: unknown): string | null | undefined {
  if (status === 401) return null;
  return status === 403 && detailOf(answer) === 'invalid token' ? 'That is not the key.' : undefined;
}

/** The `detail` of an error, which is a string or an object with a `message`. */
function detailOf(answer: unknown): string | null {
  const detail: unknown = (answer as { detail?: unknown } | null)?.detail;
  if (typeof detail === 'string') return detail;
  const message: unknown = (detail as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : null;
}

function showNotice(text: string, isError: boolean): void {
  const id = ++notice;
  notices.value = [...notices.value, { id, text, isError }].slice(-4);
  // Errors stay until they are dismissed.
  if (!isError) setTimeout(() => dismiss(id), SHOWN_FOR_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((n) => n.id !== id);
}
