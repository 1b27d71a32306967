import { dismiss, notices } from '../state/actions';

/** The results of actions. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-label="Notices">
      {notices.value.map(({ id, text, isError }) => (
        <div key={id} class={isError ? 'notice notice-error' : 'notice'}>
          <span>{text}</span>
          <button type="button" class="quiet" onClick={() => dismiss(id)} aria-label="Dismiss">
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
