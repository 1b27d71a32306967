import { listedEngines, runningStreams } from '../logic/summary';
import { apiKey, forgetKey } from '../state/key';
import { hello, link, vpns } from '../state/store';
import { view, views, type View } from '../state/view';
import icon from '../icon.svg';

export function Header() {
  const counts: Partial<Record<View, number>> = {
    engines: listedEngines(vpns.value),
    streams: runningStreams(vpns.value),
  };
  const instance = hello.value?.instance ?? 'default';
  return (
    <header class="top">
      <div class="top-in">
        <p class="brand">
          <img src={icon} alt="" width="24" height="24" />
          <span>Portward</span>
          {instance !== 'default' && <span class="instance">{instance}</span>}
        </p>
        <nav aria-label="Views">
          {Object.entries(views).map(([name, label]) => (
            <a key={name} href={`#/${name}`} aria-current={view.value === name ? 'page' : undefined}>
              {label}
              {counts[name as View] !== undefined && <span class="count">{counts[name as View]}</span>}
            </a>
          ))}
        </nav>
        <div class="top-end">
          <Link />
          {apiKey.value !== null && (
            <button type="button" class="quiet" onClick={forgetKey} title="The API key is kept in this tab only">
              Forget key
            </button>
          )}
        </div>
      </div>
    </header>
  );
}

const WORDS = { connecting: 'Connecting', live: 'Live', lost: 'No connection' } as const;

function Link() {
  return (
    <span class={`link link-${link.value}`} role="status">
      <span class="dot" aria-hidden="true" />
      {WORDS[link.value]}
    </span>
  );
}
