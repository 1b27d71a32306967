import { containerEnvironment } from '../../../src/clients/gluetun/container-environment';

const read = (...env: string[]) => containerEnvironment(env);

test.each([...['on', 'ON', 'true', 'True', 'yes', 'enabled', '"on"', "'true'", '`yes`', ' on ', '\ton\r', `" 'on' "`]])(
  'VPN_PORT_FORWARDING=%j asks for a port, as Gluetun reads it',
  (value) => {
    expect(read(`VPN_PORT_FORWARDING=${value}`).portForwarding).toBe(true);
  },
);

test.each(['off', 'no', 'false', 'disabled', '', '1', 'on off', 'o n', '"on'])(
  'VPN_PORT_FORWARDING=%j asks for no port',
  (value) => {
    expect(read(`VPN_PORT_FORWARDING=${value}`).portForwarding).toBe(false);
  },
);

const listening = (...env: string[]) => read(...env).listeningPorts;

test.each([
  'PORT_FORWARDING',
  'PRIVATE_INTERNET_ACCESS_VPN_PORT_FORWARDING',
  'vpn_port_forwarding',
  'Vpn-Port-Forwarding',
])('%s is another name for VPN_PORT_FORWARDING', (name) => {
  expect(read('PATH=/bin', `${name}=on`).portForwarding).toBe(true);
});

test('an older name overrides the newest one, which the image sets itself, unless it is empty', () => {
  expect(read('VPN_PORT_FORWARDING=off', 'PORT_FORWARDING=on').portForwarding).toBe(true);
  expect(read('VPN_PORT_FORWARDING=on', 'PORT_FORWARDING=off').portForwarding).toBe(false);
  expect(read('VPN_PORT_FORWARDING=on', 'PORT_FORWARDING=').portForwarding).toBe(true);
  expect(read('MY_VPN_PORT_FORWARDING=on', 'VPN_PORT_FORWARDING', '=on').portForwarding).toBe(false);
});

test.each([
  [':8000', 8_000],
  ['0.0.0.0:8001', 8_001],
  ['[::]:8002', 8_002],
  [' ":8003" ', 8_003],
  ['127.0.0.1:8004', 8_004],
  ['8005', 8_005],
])('HTTP_CONTROL_SERVER_ADDRESS=%s means port %i', (address, port) => {
  expect(read(`HTTP_CONTROL_SERVER_ADDRESS=${address}`).controlPort).toBe(port);
});

test.each(['', ':0', ':', ':http', ':99999', '8000:', ':-1', ':8e3'])(
  'HTTP_CONTROL_SERVER_ADDRESS=%s names no port',
  (address) => {
    expect(read(`HTTP_CONTROL_SERVER_ADDRESS=${address}`).controlPort).toBeNull();
  },
);

test('VPN_PORT_FORWARDING_LISTENING_PORT counts if ports are forwarded; 0 means that it is not set', () => {
  expect(listening('VPN_PORT_FORWARDING=on', 'VPN_PORT_FORWARDING_LISTENING_PORT=6881')).toEqual([6_881]);
  expect(listening('VPN_PORT_FORWARDING=on', 'VPN_PORT_FORWARDING_LISTENING_PORTS=6881, 6882')).toEqual([6_881, 6_882]);
  expect(listening('VPN_PORT_FORWARDING=on', 'VPN_PORT_FORWARDING_LISTENING_PORT=0')).toEqual([]);
  expect(listening('VPN_PORT_FORWARDING=off', 'VPN_PORT_FORWARDING_LISTENING_PORT=6881')).toEqual([]);
  expect(listening('VPN_PORT_FORWARDING=on')).toEqual([]);
});
