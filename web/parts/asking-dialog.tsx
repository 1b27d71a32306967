import { useEffect, useRef } from 'preact/hooks';
import { asking, carryOut, giveUp, isBusy, withKey, type Asking } from '../state/actions';

/** Asks whether to do it, and for the API key where one is needed. */
export function AskingDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = asking.value;
  const isOpen = asked !== null;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog ref={dialog} onClose={giveUp} aria-labelledby="asking-title">
      {asked && <Question key={asked.what} {...asked} />}
    </dialog>
  );
}

function Question({ action, what, problem }: Asking) {
  const input = useRef<HTMLInputElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const key = input.current?.value.trim() ?? '';
    if (what === 'sure') void carryOut(action);
    else if (key !== '') withKey(action, key);
  };
  return (
    <form onSubmit={submit}>
      <h2 id="asking-title">{action.title}</h2>
      {what === 'sure' ? <p>{action.warning}</p> : <KeyField problem={problem} input={input} />}
      <div class="buttons">
        <button type="button" onClick={giveUp}>
          Cancel
        </button>
        <button type="submit" class={action.request.method === 'DELETE' ? 'danger' : 'primary'} disabled={isBusy.value}>
          {action.verb}
        </button>
      </div>
    </form>
  );
}

function KeyField({
  problem,
  input,
}: Pick<Asking, 'problem'> & { readonly input: { current: HTMLInputElement | null } }) {
  useEffect(() => input.current?.focus(), [problem]);
  return (
    <>
      <p>Portward asks for its API key: API_KEY in its environment. It is kept until you close this tab.</p>
      <label for="key">API key</label>
      <input
        ref={input}
        id="key"
        type="password"
        autocomplete="off"
        required
        aria-invalid={problem !== null}
        aria-describedby={problem === null ? undefined : 'key-problem'}
      />
      {problem !== null && (
        <p id="key-problem" class="problem-text" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
