// Docker's health check: exits 0 when the simulated VPN calls itself healthy, 1 when it doesn't or isn't there.
import { get } from 'node:http';
import { ADMIN_PORT } from './messages';

const probe = get(`http://127.0.0.1:${ADMIN_PORT}/health`, (response) => {
  process.exit(response.statusCode === 200 ? 0 : 1);
});
probe.on('error', () => process.exit(1));
