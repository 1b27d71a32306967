import type { FastifyInstance } from 'fastify';
import { plainEngine } from '../builders';
import { api, closeAll, Later, turnTime } from './api-under-test';
import { pass } from './booting-vpn';
import { VpnStandIn } from './vpn-stand-in';

const IN_TIME_MS = 2_000;

/** From now on the workflow neither answers nor fails. */
function fallsSilent(vpn: VpnStandIn): void {
  vpn.answerEngines = () => new Later<never>().promise;
  vpn.answerStatus = () => new Later<never>().promise;
  vpn.answerProgress = () => new Later<never>().promise;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The answer within 2.1 s; null: there was none. */
async function inTime(server: FastifyInstance, url: string): Promise<Answer | null> {
  const answer: { given: Answer | null } = { given: null };
  void server.inject(url).then((response) => (answer.given = { status: response.statusCode, body: response.json() }));
  await pass(IN_TIME_MS + 100);
  return answer.given;
}

export function statusInTimeCases(): void {
  // Proxies give up after 3 s. Status routes answer before that, whatever workflows, workers and the Temporal server do.

  beforeEach(turnTime);

  afterEach(async () => {
    jest.useRealTimers();
    await closeAll();
  });

  test.each([
    [
      '/orchestrator/status',
      200,
      {
        status: 'unavailable',
        provisioning: { can_provision: false, blocked_reason_details: { code: 'general_error' } },
      },
    ],
    ['/health/status', 503, { detail: "no VPN's workflow answers; see /vpn/status" }],
    ['/vpn/status', 200, { health: 'unknown', vpn1: { problem: expect.stringContaining('no answer within') } }],
    ['/vpn/publicip', 503, { detail: "no VPN's public address is known" }],
    ['/containers/other', 503, { detail: expect.stringContaining('gluetun') }],
    ['/by-label?key=a&value=b', 503, { detail: expect.stringContaining('gluetun') }],
  ])('GET %s is a %i in time if no workflow has ever answered', async (url, status, body) => {
    const vpns = ['gluetun', 'gluetun2', 'gluetun3'].map((name) => new VpnStandIn(name));
    vpns.forEach(fallsSilent);
    expect(await inTime(await api(vpns), url)).toMatchObject({ status, body });
  });

  test('GET /orchestrator/status shows in time the VPNs that answer, even if another one does not', async () => {
    const silent = new VpnStandIn('gluetun');
    const well = new VpnStandIn('gluetun2', [plainEngine(19_000)]);
    fallsSilent(silent);
    const server = await api([silent, well]);
    // Just after the start, the route waits for the first list of every VPN.
    await pass(3_000);
    expect(await inTime(server, '/orchestrator/status')).toMatchObject({
      status: 200,
      body: {
        status: 'degraded',
        engines: { total: 1 },
        vpn: { connected: true, container: 'gluetun2' },
        provisioning: { can_provision: true },
      },
    });
  });

  test('a VPN whose workflow no longer answers is shown in time with its last known state', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn]);
    expect(await inTime(server, '/orchestrator/status')).toMatchObject({ body: { status: 'healthy' } });
    fallsSilent(vpn);
    await pass(8_000);
    expect(await inTime(server, '/orchestrator/status')).toMatchObject({
      body: {
        status: 'degraded',
        engines: { total: 1 },
        vpn: { connected: false },
        provisioning: { can_provision: true },
      },
    });
  });
}
