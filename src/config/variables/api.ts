import { to } from '../targets';
import { flag, integer, listeningHost, originList, port, seconds, secretOfHeader, text } from '../validators';

// Variables of the API: see index.ts.

export const apiVariables = {
  APP_HOST: to(
    'api.host',
    listeningHost({ default: '0.0.0.0', desc: 'Address that the API listens on. 127.0.0.1: this machine only.' }),
  ),
  APP_PORT: to('api.port', port({ default: 8000, desc: 'Port of the API.' })),
  API_KEY: secretOfHeader({
    default: '',
    desc: 'Key for the routes that change something. Without a key everyone in a private network may use them.',
  }),
  API_KEY_2: secretOfHeader({
    default: '',
    desc: 'A second valid key, so that you can change keys without an interruption.',
  }),
  ALLOW_UNAUTHENTICATED: to(
    'api.allowUnauthenticated',
    flag({ default: false, desc: 'true: if no key is set, everyone anywhere may use those routes.' }),
  ),
  CORS_ORIGINS: to(
    'api.origins',
    originList({
      default: [],
      desc: 'Origins of other pages that may use the API in a browser, such as https://dashboard.example. *: all pages may read.',
    }),
  ),
  API_CHANGES_PER_MINUTE: to(
    'api.changesPerMinute',
    integer(
      0,
      1_000_000,
    )({
      default: 120,
      desc: 'How often a minute one address may call one route that changes something before it gets 429. 0: no limit.',
    }),
  ),
  API_WRONG_KEYS_PER_MINUTE: to(
    'api.wrongKeysPerMinute',
    integer(
      0,
      1_000_000,
    )({ default: 10, desc: 'How many wrong keys a minute one address may send before it gets 429. 0: no limit.' }),
  ),
  ENGINES_MAX_AGE_MS: integer(
    0,
    10_000,
  )({
    default: 100,
    desc: "How far, with 500 ms more, a list may be behind its VPN's workflow before /engines is marked stale, in milliseconds.",
  }),
  ENGINES_STALE_LIMIT_S: to(
    'api.enginesStaleLimitMs',
    seconds(
      0,
      3600,
    )({
      default: 30_000,
      desc: "How long /engines keeps the last list of a VPN whose workflow does not answer, in seconds. After that it leaves out that VPN's engines, or answers 503 if no VPN has a list.",
    }),
  ),
  ADVERTISED_HOST: to(
    'api.advertisedHost',
    text({ default: undefined, desc: "Host of every engine in /engines, instead of the name of its VPN's container." }),
  ),
  STATS_HISTORY_MAX: to(
    'api.statsHistoryMax',
    integer(1, 100_000)({ default: 720, desc: 'How many samples of these statistics Portward keeps for each stream.' }),
  ),
};
