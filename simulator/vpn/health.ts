// The program of Docker's health check: exits with 0 if the simulated VPN says that it is healthy, otherwise with 1.
import { get } from 'node:http';
import { ADMIN_PORT } from './messages';

const probe = get(`http://127.0.0.1:${ADMIN_PORT}/health`, (response) => {
  process.exit(response.statusCode === 200 ? 0 : 1);
});
probe.on('error', () => process.exit(1));
