import type { Port } from '../domain/engine';

export interface EnginePorts {
  readonly http: Port;
  readonly https: Port;
  /** Null on a plain engine. */
  readonly p2p: Port | null;
}

/** How an image is told its ports. Texts may hold {{HTTP_PORT}}, {{HTTPS_PORT}} and {{P2P_PORT}}. */
export interface Variant {
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  /** Added on a forwarded engine only. */
  readonly forwardedEnv: Readonly<Record<string, string>>;
  readonly command: readonly string[] | null;
}

/** Every ENGINE_VARIANT, as data. */
export const variants: Readonly<Record<string, Variant>> = {
  'krinkuto11-amd64': {
    image: 'ghcr.io/krinkuto11/acestream-http-proxy:latest',
    env: {
      CONF: '--http-port={{HTTP_PORT}}\n--https-port={{HTTPS_PORT}}\n--bind-all',
      HTTP_PORT: '{{HTTP_PORT}}',
      HTTPS_PORT: '{{HTTPS_PORT}}',
      BIND_ALL: 'true',
      INTERNAL_BUFFERING: '60',
      CACHE_LIMIT: '1',
    },
    forwardedEnv: { P2P_PORT: '{{P2P_PORT}}' },
    command: null,
  },
};

function filled(text: string, ports: EnginePorts): string {
  return text
    .replaceAll('{{HTTP_PORT}}', String(ports.http))
    .replaceAll('{{HTTPS_PORT}}', String(ports.https))
    .replaceAll('{{P2P_PORT}}', ports.p2p === null ? '' : String(ports.p2p));
}

/** Environment (as Docker's `NAME=value`) and command of an engine on these ports; `extraEnv` wins. */
export function engineProcess(
  variant: Variant,
  ports: EnginePorts,
  extraEnv: Readonly<Record<string, string>>,
): { env: string[]; command: string[] | null } {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(variant.env)) env[name] = filled(value, ports);
  if (ports.p2p !== null) {
    for (const [name, value] of Object.entries(variant.forwardedEnv)) env[name] = filled(value, ports);
  }
  Object.assign(env, extraEnv);
  return {
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    command: variant.command?.map((word) => filled(word, ports)) ?? null,
  };
}

/** The P2P port that a container was given by whoever made it: P2P_PORT, or `--port` in CONF or the command. */
export function p2pPortOf(env: readonly string[], command: readonly string[]): Port | null {
  const values = new Map(env.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));
  const words = [values.get('CONF') ?? '', values.get('ACESTREAM_ARGS') ?? '', ...command].join(' ');
  const given = values.get('P2P_PORT') || /(?:^|\s)--port[= ](\d+)(?:\s|$)/.exec(words)?.[1];
  const port = given !== undefined && /^\d{1,5}$/.test(given) ? Number(given) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}
