import { summary } from '../logic/summary';
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
      <section aria-label="VPNs" class="cards">
        {vpns.value.map((vpn) => (
          <VpnCard key={vpn.name} vpn={vpn} />
        ))}
      </section>
      <Timeline />
    </>
  );
}
