import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { assertCanListen, listeningError } from '../../src/lib/listening-port';

const place = { host: '127.0.0.1', port: 8000, what: 'the API', portSetting: 'APP_PORT', hostSetting: 'APP_HOST' };

test('a port that another program has is reported with the variable that sets it', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(assertCanListen({ ...place, port })).rejects.toThrow(
    `Port ${port} for the API is taken by another program: stop that program, or set APP_PORT to a free port`,
  );
  other.close();
  await once(other, 'close');
  await expect(assertCanListen({ ...place, port })).resolves.toBeUndefined();
});

test.each(['203.0.113.7', 'no-such-host.invalid'])(
  'an error about %s, which is not an address of this machine, names APP_HOST',
  async (host) => {
    await expect(assertCanListen({ ...place, host, port: 0 })).rejects.toThrow(
      `Portward can't listen on ${host}, port 0, for the API, since that is not an address of this machine: set APP_HOST`,
    );
  },
);

test('a port that only root may use names APP_PORT', () => {
  const denied = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
  expect(listeningError(denied, { ...place, port: 80 }).message).toMatch(/port 80, .*may not use.*set APP_PORT/);
});

test('if the address can not be configured, no variable for it is named', () => {
  const none = Object.assign(new Error('listen'), { code: 'EADDRNOTAVAIL' });
  expect(listeningError(none, { ...place, hostSetting: null }).message).toBe(
    "Portward can't listen on 127.0.0.1, port 8000, for the API (EADDRNOTAVAIL): set APP_PORT to another port",
  );
});
