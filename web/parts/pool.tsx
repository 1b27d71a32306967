import { useSignal } from '@preact/signals';
import { begin } from '../state/actions';
import { hello, vpns } from '../state/store';
import { collect, resetBreaker, scale } from '../state/wishes';

/** How many engines there are to be, and what is done to all of them. */
export function Pool({ engines }: { readonly engines: number }) {
  const wanted = vpns.value.reduce((sum, { target }) => sum + target, 0);
  const typed = useSignal<string | null>(null);
  const { enginesAtLeast: least = 0, enginesAtMost: most = 1 } = hello.value ?? {};
  const submit = (event: Event) => {
    event.preventDefault();
    const number = Number(typed.value ?? wanted);
    if (Number.isInteger(number)) begin(scale(number, Math.max(engines, wanted)));
    typed.value = null;
  };
  return (
    <div class="pool">
      <form onSubmit={submit}>
        <label for="wanted">Wanted</label>
        <input
          id="wanted"
          type="number"
          inputMode="numeric"
          min={least}
          max={most}
          value={typed.value ?? String(wanted)}
          onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
        />
        <button type="submit" disabled={typed.value === null || Number(typed.value) === wanted}>
          Set
        </button>
      </form>
      <button type="button" onClick={() => begin(collect)}>
        Remove idle ones
      </button>
      <button type="button" onClick={() => begin(resetBreaker(null))}>
        Reset breakers
      </button>
    </div>
  );
}
