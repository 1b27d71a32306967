import type { SimulatedVpn } from '../../simulator/vpn-container';

export type ControlAnswer = { status: number; body: string; location: string | null };

/** Sends one request to the control server, without following redirects. */
export async function control(
  vpn: SimulatedVpn,
  request: string,
  { body, headers, limitMs = 10_000 }: { body?: unknown; headers?: Record<string, string>; limitMs?: number } = {},
): Promise<ControlAnswer> {
  const [method = 'GET', path = '/'] = request.split(' ');
  const response = await fetch(`${vpn.controlUrl}${path}`, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(limitMs),
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    body: (await response.text()).trim(),
    location: response.headers.get('location'),
  };
}

/** The port that v3.41.1 reports. */
export async function reportedPort(vpn: SimulatedVpn): Promise<number> {
  const { port }: { port: number } = JSON.parse((await control(vpn, 'GET /v1/portforward')).body);
  return port;
}
