import { useSignal } from '@preact/signals';
import { begin } from '../state/actions';
import { hello, vpns } from '../state/store';
import { collect, resetBreakers, scale } from '../state/available-actions';

/** The target number of engines, and the actions for all engines. */
export function Pool({ engines }: { readonly engines: number }) {
  const allTargets = vpns.value.reduce((sum, { target }) => sum + target, 0);
  const typed = useSignal<string | null>(null);
  const { enginesAtLeast: least = 0, enginesAtMost: most = 1 } = hello.value ?? {};
  const submit = (event: Event) => {
    event.preventDefault();
    const number = Number(typed.value ?? allTargets);
    if (Number.isInteger(number)) begin(scale(number, Math.max(engines, allTargets)));
    typed.value = null;
  };
  return (
    <div class="pool">
      <form onSubmit={submit}>
        <label for="target">Target</label>
        <input
          id="target"
          type="number"
          inputMode="numeric"
          min={least}
          max={most}
          value={typed.value ?? String(allTargets)}
          onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
        />
        <button type="submit" disabled={typed.value === null || Number(typed.value) === allTargets}>
          Set
        </button>
      </form>
      <button type="button" onClick={() => begin(collect)}>
        Remove idle engines
      </button>
      <button type="button" onClick={() => begin(resetBreakers)}>
        Reset circuit breakers
      </button>
    </div>
  );
}
