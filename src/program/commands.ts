import type { EngineJson, ReplacementJson, VpnStatusJson } from '../api/schemas';
import { headerSecret } from '../header-secrets';

// Commands for people at a terminal; they ask a running Portward over its HTTP API.

interface ApiOptions {
  readonly url: string;
}

async function call<T>(
  options: ApiOptions,
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<T> {
  const key = keyToSend(process.env['API_KEY'] ?? '');
  const url = new URL(path, options.url);
  let response: Response;
  try {
    response = await fetch(url, {
      ...init,
      headers: { ...init.headers, ...(key === '' ? {} : { Authorization: `Bearer ${key}` }) },
      signal: AbortSignal.timeout(10_000),
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new Error(`No Portward answers at ${url.origin}: ${cause}. Start it, or give its address with --url.`, {
      cause: error,
    });
  }
  const text = await response.text();
  let body: T & { detail?: string };
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new Error(
      `What answers at ${url.origin} is not Portward (${response.status}, no JSON). Give Portward's address with --url.`,
      { cause: error },
    );
  }
  if (!response.ok) throw new Error(`Portward answers ${response.status}: ${body.detail ?? 'no reason given'}`);
  return body;
}

function keyToSend(key: string): string {
  try {
    return headerSecret(key);
  } catch (error) {
    throw new Error(`API_KEY: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export async function status(options: ApiOptions): Promise<void> {
  const vpns = await call<VpnStatusJson>(options, '/vpn/status');
  const engines = await call<EngineJson[]>(options, '/engines').catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  );
  const lines = [
    table(
      ['VPN', 'HEALTH', 'FORWARDED PORT', 'FORWARDING', 'ENGINES', 'REPLACING', 'PROBLEM'],
      vpns.vpns.map((v) => [
        v.container_name ?? '',
        v.health,
        v.forwarded_port ?? '–',
        v.forwarding,
        v.engines,
        v.replacements_running,
        v.stale_seconds === null
          ? (v.problem ?? v.port_problem ?? '')
          : `out of date: its workflow has not answered for ${v.stale_seconds} s`,
      ]),
    ),
    '',
    typeof engines === 'string'
      ? engines
      : engines.length === 0
        ? 'No engine is listed now.'
        : table(
            ['ENGINE', 'VPN', 'HTTP PORT', 'P2P PORT', 'FORWARDED', 'HEALTH'],
            engines.map((e) => [
              e.container_name ?? e.container_id,
              e.vpn_container ?? '',
              e.port,
              e.p2p_port ?? '–',
              e.forwarded ? 'yes' : 'no',
              e.health_status,
            ]),
          ),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

export async function replace(vpn: string, options: ApiOptions & { engine?: string; reason?: string }): Promise<void> {
  const { engine, reason } = options;
  const replacement = await call<ReplacementJson | { id: null; detail: string }>(
    options,
    `/vpns/${encodeURIComponent(vpn)}/replacements`,
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...(engine ? { engine } : {}), ...(reason ? { reason } : {}) }),
    },
  );
  process.stdout.write(
    replacement.id === null
      ? `Pending: ${replacement.detail}\n`
      : `Replacing ${replacement.old_engine?.container_name ?? 'engine'}: ${replacement.id}\n`,
  );
}
