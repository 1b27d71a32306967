import type { PageVpn } from '../../src/api/page/state';
import { phases, vpnWord } from '../logic/summary';
import { begin } from '../state/actions';
import { recheck, replaceEngine, resetBreakers } from '../state/available-actions';
import { Age, Copy } from './time';

export function VpnCard({ vpn }: { readonly vpn: PageVpn }) {
  const { tone, word, meaning } = vpnWord(vpn);
  return (
    <article class={`card tone-${tone}`} aria-labelledby={`vpn-${vpn.name}`}>
      <header>
        <h2 id={`vpn-${vpn.name}`}>{vpn.name}</h2>
        <span class="chip" title={meaning}>
          <span class="dot" aria-hidden="true" />
          {word}
        </span>
      </header>
      <ForwardedPort vpn={vpn} />
      <Problem vpn={vpn} />
      <Facts vpn={vpn} />
      <CardActions vpn={vpn} />
    </article>
  );
}

function ForwardedPort({
  vpn: { forwarded_port: port, portSince, health, port_problem, downSince },
}: {
  readonly vpn: PageVpn;
}) {
  if (port === null) {
    const why = health === 'healthy' ? (port_problem ?? 'the VPN has none now') : 'the VPN is not healthy';
    return (
      <div class="port">
        <span class="port-number port-none">No port</span>
        <span class="port-since">
          {why}
          {downSince !== null && health !== 'healthy' && (
            <>
              {' '}
              for <Age since={downSince} />
            </>
          )}
        </span>
      </div>
    );
  }
  return (
    <div class="port">
      <span class="port-number">{port}</span>
      <Copy text={String(port)} what={`forwarded port ${port}`} />
      <span class="port-since">
        forwarded port
        {portSince !== null && (
          <>
            {' '}
            for <Age since={portSince} />
          </>
        )}
      </span>
    </div>
  );
}

function Problem({ vpn: { problem, remedy, staleSince } }: { readonly vpn: PageVpn }) {
  const isRestarting = remedy !== null && remedy.ended_at === null;
  if (problem === null && !isRestarting && staleSince === null) return null;
  return (
    <div class="problem">
      {staleSince !== null && (
        <p>
          This is the last known state. Portward can not tell whether it has changed for <Age since={staleSince} />.
        </p>
      )}
      {problem !== null && <p>{problem[0]?.toUpperCase() + problem.slice(1)}</p>}
      {isRestarting && (
        <p>
          Portward has been repairing it ({remedy.kind}) for <Age since={Date.parse(remedy.started_at)} />.
        </p>
      )}
    </div>
  );
}

function Facts({ vpn }: { readonly vpn: PageVpn }) {
  const { engines, streams, publicIp, target, healthySince } = vpn;
  const running = streams.filter((s) => s.endedAt === null).length;
  return (
    <dl class="facts">
      <div>
        <dt>Engines</dt>
        <dd>
          {engines.length === 0 ? (
            <span class="muted">{target === 0 ? 'none' : `0 of ${target}`}</span>
          ) : (
            <ul class="phases">
              {phases.map(({ phase, word, meaning }) => {
                const n = engines.filter((e) => e.phase === phase).length;
                return n === 0 ? null : (
                  <li key={phase} class={`phase phase-${phase}`} title={meaning}>
                    {n} {word}
                  </li>
                );
              })}
            </ul>
          )}
        </dd>
      </div>
      <div>
        <dt>Streams</dt>
        <dd>{running}</dd>
      </div>
      <div>
        <dt>Public address</dt>
        <dd>{publicIp ?? <span class="muted">unknown</span>}</dd>
      </div>
      <div>
        <dt>Healthy</dt>
        <dd>
          {healthySince === null ? (
            <span class="muted">no</span>
          ) : (
            <>
              for <Age since={healthySince} />
            </>
          )}
        </dd>
      </div>
    </dl>
  );
}

function CardActions({ vpn }: { readonly vpn: PageVpn }) {
  const forwarded = vpn.engines.find((e) => e.forwarded) ?? null;
  const streams = vpn.streams.filter((s) => s.endedAt === null && s.engine === forwarded?.id).length;
  const { general, replacement } = vpn.breakers ?? {};
  const isOpen = [general, replacement].some((breaker) => breaker !== undefined && breaker.state !== 'closed');
  return (
    <footer>
      <button type="button" onClick={() => begin(recheck(vpn.name))} aria-label={`Check now: ${vpn.name}`}>
        Check now
      </button>
      <button
        type="button"
        disabled={forwarded === null}
        onClick={() => begin(replaceEngine(vpn.name, forwarded, streams))}
        aria-label={`Replace engine: the forwarded engine of ${vpn.name}`}
      >
        Replace engine
      </button>
      {isOpen && (
        <button type="button" onClick={() => begin(resetBreakers)}>
          Reset circuit breakers
        </button>
      )}
    </footer>
  );
}
