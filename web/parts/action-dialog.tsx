import { useEffect, useRef } from 'preact/hooks';
import { cancel, carryOut, isBusy, prompt, withKey, type Prompt } from '../state/actions';

/** Asks for confirmation of an action, or for the API key. */
export function ActionDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const current = prompt.value;
  const isOpen = current !== null;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog ref={dialog} onClose={cancel} aria-labelledby="dialog-title">
      {current && <PromptForm key={current.what} {...current} />}
    </dialog>
  );
}

function PromptForm({ action, what, problem }: Prompt) {
  const input = useRef<HTMLInputElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const key = input.current?.value.trim() ?? '';
    if (what === 'confirmation') void carryOut(action);
    else if (key !== '') withKey(action, key);
  };
  return (
    <form onSubmit={submit}>
      <h2 id="dialog-title">{action.title}</h2>
      {what === 'confirmation' ? <p>{action.warning}</p> : <KeyField problem={problem} input={input} />}
      <div class="buttons">
        <button type="button" onClick={cancel}>
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
}: Pick<Prompt, 'problem'> & { readonly input: { current: HTMLInputElement | null } }) {
  useEffect(() => input.current?.focus(), [problem]);
  return (
    <>
      <p>This action needs the API key: API_KEY in Portward's environment. The key is kept until you close this tab.</p>
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
