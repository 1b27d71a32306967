import { isPortHint } from '../../../src/clients/gluetun/log-hint';

// Lines of qdm12/gluetun at v3.39.1, v3.40.0, v3.41.1 and its development version.
test.each([
  '2026-01-02T03:04:05Z INFO [port forwarding] starting',
  '2026-01-02T03:04:05Z INFO [port forwarding] port forwarded is 40648',
  '2026-01-02T03:04:05Z INFO [port forwarding] ports forwarded are 40648, 40649 and 40650',
  '2026-01-02T03:04:05Z INFO [port forwarding] writing port file /tmp/gluetun/forwarded_port',
  '2026-01-02T03:04:05Z INFO [port forwarding] removing port file /tmp/gluetun/forwarded_port',
  '2026-01-02T03:04:05Z INFO [port forwarding] clearing port file /tmp/gluetun/forwarded_port',
  '2026-01-02T03:04:05Z INFO [port forwarding] updated: port forwarded is 40648',
  '2026-01-02T03:04:05Z ERROR [port forwarding] external port changed: 65290 changed to 40648',
  '2026-01-02T03:04:05Z ERROR [vpn] starting port forwarding service: port forwarding for the first time: timeout',
  '2026-01-02T03:04:05Z INFO [vpn] stopping',
  '2026-01-02T03:04:05Z INFO [healthcheck] program has been unhealthy for 6s: restarting VPN (healthcheck error: timeout)',
  '2026-01-02T03:04:05Z WARN [vpn] restarting VPN because it failed to pass the healthcheck: dial tcp4: i/o timeout',
  '2026-01-02T03:04:05Z \u001B[34mINFO\u001B[0m [port forwarding] starting\r',
])('%s is a hint', (line) => expect(isPortHint(line)).toBe(true));

test.each([
  '2026-01-02T03:04:05Z INFO [ip getter] Public IP address is 203.0.113.7 (Nowhere)',
  '2026-01-02T03:04:05Z INFO [healthcheck] healthy!',
  // One line for each question that Portward asks.
  '2026-01-02T03:04:05Z INFO [http server] 200 GET /portforward wrote 14B to 172.17.0.1:42 in 1ms',
  '2026-01-02T03:04:05Z INFO [http server] 200 GET /openvpn/portforwarded wrote 14B to 172.17.0.1:42 in 1ms',
  '2026-01-02T03:04:05Z WARN [http server] route GET /v1/portforward: port forwarded is readable by everyone',
  '2026-01-02T03:04:05Z INFO [dns] ready',
  '',
])("'%s' is not a hint", (line) => expect(isPortHint(line)).toBe(false));
