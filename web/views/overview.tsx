import { problems, summary } from '../logic/summary';
import { hello, vpns } from '../state/store';
import { Timeline } from '../parts/timeline';
import { VpnCard } from '../parts/vpn-card';

export function Overview() {
  const { tone, text } = summary(vpns.value);
  if (hello.value === null) return <p class="summary">Connecting to Portward…</p>;
  return (
    <>
      <h1 class={`summary tone-${tone}`}>
        <span class="dot" aria-hidden="true" />
        {text}
      </h1>
      <Problems />
      <section aria-label="VPNs" class="cards">
        {vpns.value.map((vpn) => (
          <VpnCard key={vpn.name} vpn={vpn} />
        ))}
      </section>
      <Timeline />
    </>
  );
}

function Problems() {
  const all = problems(vpns.value);
  if (all.length === 0) return null;
  return (
    <ul class="problems tone-bad">
      {all.map(({ name, problem }) => (
        <li key={name}>
          <strong>{name}</strong> {problem}
        </li>
      ))}
    </ul>
  );
}
