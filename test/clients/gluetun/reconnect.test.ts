import { ControlServerHangs, GluetunError, VpnStopped } from '../../../src/clients/gluetun/client';
import {
  ControlServer,
  cut,
  guarded,
  hang,
  json,
  OLDER_STATUS,
  redirect,
  status,
  STATUS,
  text,
  type Answer,
} from './control-server';
import { until } from '../../simulator/until';
import { client, scene } from './scene';

async function failure(reconnecting: Promise<void>): Promise<GluetunError> {
  const error: unknown = await reconnecting.then(
    () => new Error('expected an error'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof GluetunError)) throw error;
  expect(`${error.message} ${error.stack}`).not.toContain('TOP-SECRET');
  return error;
}

const refusal = async (reconnecting: Promise<void>) => (await failure(reconnecting)).message;

test.concurrent('a reconnection stops the VPN and runs it again, with the credentials', () =>
  scene(async ({ vpn, server, reconnect }) => {
    await reconnect();
    expect(vpn.done).toEqual(['stopped', 'running']);
    for (const { method, headers } of server.asked) {
      expect(method).toBe('PUT');
      expect(headers).toMatchObject({ 'x-api-key': 'TOP-SECRET', 'content-type': 'application/json' });
    }
  }),
);

test.concurrent('a reconnection that ended halfway can be repeated', () =>
  scene(async ({ vpn, reconnect }) => {
    vpn.status = 'stopped';
    await reconnect();
    expect(vpn.done).toEqual(['running']);
  }),
);

describe('a VPN that somebody has stopped', () => {
  test.concurrent('stays stopped, unless an earlier reconnection may have stopped it', () =>
    scene(async ({ vpn, server, first, reconnect }) => {
      vpn.status = 'stopped';
      expect(await failure(first())).toBeInstanceOf(VpnStopped);
      expect(server.asked.map((a) => a.method)).toEqual(['GET']);
      expect(vpn.done).toEqual([]);
      await reconnect();
      expect(vpn.done).toEqual(['running']);
    }),
  );

  test.concurrent('or is stopping, is waited for and stays stopped', () =>
    scene(async ({ vpn, server, first }) => {
      vpn.status = 'stopping';
      const reconnecting = failure(first());
      await until('a second question', () => server.asked.length >= 2);
      vpn.status = 'stopped';
      expect(await reconnecting).toBeInstanceOf(VpnStopped);
      expect(vpn.done).toEqual([]);
    }),
  );

  test.concurrent('can not be recognised without its status: the VPN is restarted', () =>
    scene(async ({ vpn, server, first }) => {
      const onlyPut: Answer = (response, request) =>
        (request.method === 'PUT' ? vpn.answer : status(401))(response, request);
      server.routes = { [STATUS]: onlyPut };
      await first();
      expect(vpn.done).toEqual(['stopped', 'running']);
    }),
  );
});

describe('a control server that hangs for good when it is told to stop the VPN', () => {
  test.concurrent.each<[string, Answer]>([
    ['and no longer answers', hang],
    ['and answers only that it is stopping', json({ outcome: 'already stopping' })],
  ])('%s, counts as hanging', (_what, answer) =>
    scene(async ({ vpn, first }) => {
      vpn.refuse('stopped', hang);
      vpn.refuse('running', answer, Infinity);
      const error = await failure(first(client(1_500)));
      expect(error).toBeInstanceOf(ControlServerHangs);
      expect(error.message).toMatch(
        /does not run again: .* no answer for 2 s\. If it stays so, restart its container$/,
      );
    }),
  );

  test.concurrent('but answers with errors does not count as hanging', () =>
    scene(async ({ vpn, first }) => {
      vpn.refuse('stopped', hang);
      vpn.refuse('running', status(500), Infinity);
      expect(await failure(first(client(1_500)))).not.toBeInstanceOf(ControlServerHangs);
    }),
  );
});

test.concurrent.each<[string, Answer]>([
  ['a 500', status(500)],
  ['a 401', status(401)],
  ['garbage', text('ok')],
  ['a connection that breaks', cut],
  ['a redirect elsewhere', redirect('http://evil.example/')],
  ['a status that is still changing', json({ outcome: 'already stopping' })],
])('an order to run that fails twice with %s is repeated until the VPN runs', (_what, answer) =>
  scene(async ({ vpn, reconnect }) => {
    vpn.refuse('running', answer, 2);
    await reconnect();
    expect(vpn.done).toEqual(['stopped', 'running']);
  }),
);

test.concurrent.each([
  ['hangs', hang],
  ['answers 500', status(500)],
  ['breaks the connection', cut],
  ['answers garbage', text('ok')],
])('a control server that %s after it has stopped the VPN is still told to run it', (_how, answer) =>
  scene(async ({ vpn, reconnect }) => {
    vpn.obeyThen('stopped', answer);
    await refusal(reconnect(client(2_000)));
    expect(vpn.done).toEqual(['stopped', 'running']);
  }),
);

test.concurrent('a control server that hangs while the VPN starts is found to have started the VPN', () =>
  scene(async ({ vpn, reconnect }) => {
    vpn.obeyThen('running', hang);
    await reconnect(client(5_000));
    expect(vpn.done).toEqual(['stopped', 'running']);
  }),
);

test.concurrent('a last attempt with hardly any time left does not hide why the VPN does not run', () =>
  scene(async ({ vpn, reconnect }) => {
    vpn.refuse('running', status(500), 3);
    vpn.refuse('running', hang, Infinity);
    expect(await refusal(reconnect(client(2_000)))).toMatch(/does not run again: the control server answers 500/);
  }),
);

test.concurrent('a VPN that does not run again is an error in time, with the remedy', () =>
  scene(async ({ vpn, server, reconnect }) => {
    vpn.refuse('running', status(500), Infinity);
    expect(await refusal(reconnect(client(2_000)))).toMatch(
      /does not run again: the control server answers 500. If it stays so, restart its container$/,
    );
    expect(server.asked.length).toBeGreaterThan(3);
  }),
);

test.concurrent.each([
  ['refuses access', status(401), /refuses access \(401\): set GLUETUN_API_KEY/],
  ['has no such route', status(404), /answers 404/],
])('a control server that %s gets no further order, since nothing has changed', (_how, answer, message) =>
  scene(async ({ server, reconnect }) => {
    server.routes = { [STATUS]: answer, [OLDER_STATUS]: answer };
    expect(await refusal(reconnect())).toMatch(message);
    expect(server.urls).toEqual([STATUS, OLDER_STATUS]);
  }),
);

test.concurrent('a control server that does not listen is an error with its address', () =>
  scene(async ({ never }) => {
    const gone = await new ControlServer().start();
    const { base } = gone;
    await gone.stop();
    expect(await refusal(client().reconnect(base, never, { mayBeStopped: true }))).toContain(
      `control server at ${base.host} can't be reached`,
    );
  }),
);

test.concurrent.each(['crashed', 'starting'])(
  'a VPN that is %s by itself is not reconnected, and the error says so',
  (now) =>
    scene(async ({ vpn, reconnect }) => {
      const already = json({ outcome: `already ${now}` });
      vpn.refuse('stopped', already);
      vpn.refuse('running', already, 2);
      expect(await refusal(reconnect())).toMatch(
        new RegExp(`could not be stopped in order to reconnect it: it is 'already ${now}'`),
      );
      expect(vpn.done).toEqual([]);
    }),
);

test.concurrent('an older release is asked at its own route', () =>
  scene(async ({ vpn, server, reconnect }) => {
    server.routes = { [OLDER_STATUS]: guarded((headers) => headers['x-api-key'] === 'TOP-SECRET', vpn.answer) };
    await reconnect();
    expect(vpn.done).toEqual(['stopped', 'running']);
    expect(server.urls).toEqual([STATUS, OLDER_STATUS, OLDER_STATUS]);
  }),
);

test.concurrent.each([301, 308])('a %i to the older route is followed with the same order', (code) =>
  scene(async ({ vpn, server, reconnect }) => {
    server.routes = { [STATUS]: redirect(OLDER_STATUS, code), [OLDER_STATUS]: vpn.answer };
    await reconnect();
    expect(vpn.done).toEqual(['stopped', 'running']);
  }),
);

test.concurrent('a reconnection that is cancelled before its beginning sends no order', () =>
  scene(async ({ server, reconnect }) => {
    expect(await refusal(reconnect(client(), AbortSignal.abort()))).toMatch(/called off before it began/);
    expect(server.asked).toEqual([]);
  }),
);

test.concurrent('a reconnection that is cancelled halfway does not leave the VPN stopped', () =>
  scene(async ({ vpn, reconnect }) => {
    const calledOff = new AbortController();
    vpn.obeyThen('stopped', () => calledOff.abort());
    await refusal(reconnect(client(), calledOff.signal));
    expect(vpn.done).toEqual(['stopped', 'running']);
  }),
);

test.concurrent('a reconnection that is cancelled while the VPN does not run makes at most one more attempt', () =>
  scene(async ({ vpn, server, reconnect }) => {
    const calledOff = new AbortController();
    vpn.refuse('running', (response) => {
      calledOff.abort();
      response.writeHead(500).end();
    });
    vpn.refuse('running', status(500), Infinity);
    expect(await refusal(reconnect(client(), calledOff.signal))).toMatch(/does not run again/);
    expect(server.asked.length).toBeLessThanOrEqual(3);
  }),
);
