import { GluetunClient } from '../../../src/clients/gluetun/client';
import { ControlServer, hang, json, OLDER_STATUS, STATUS, text, type Answer } from './control-server';

const server = new ControlServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => (server.asked.length = 0));

const TIMEOUT_MS = 5_000;
const client = new GluetunClient({ auth: { kind: 'api-key', key: 'TOP-SECRET' }, timeoutMs: TIMEOUT_MS });
const never = new AbortController().signal;

function vpnStatus(answer: Answer, route = STATUS): Promise<string> {
  server.routes = { [route]: answer };
  return client.vpnStatus(server.base, never);
}

test.each(['starting', 'running', 'stopping', 'stopped', 'crashed', 'completed'])(
  'the status %s is read',
  async (status) => {
    expect(await vpnStatus(json({ status }))).toBe(status);
    expect(server.asked).toMatchObject([{ method: 'GET', headers: { 'x-api-key': 'TOP-SECRET' } }]);
  },
);

test('an older release is asked at its own route', async () => {
  expect(await vpnStatus(json({ status: 'running' }), OLDER_STATUS)).toBe('running');
});

test.each([
  ['an unknown status', json({ status: 'resting' }), /has another form/],
  ['an answer of another form', json({ outcome: 'running' }), /has another form/],
  ['no JSON', text('running'), /is not JSON/],
  ['no answer', hang, /gave no answer within 5000 ms/],
])('%s is an error, and no status', async (_what, answer, message) => {
  await expect(vpnStatus(answer)).rejects.toThrow(message);
});
