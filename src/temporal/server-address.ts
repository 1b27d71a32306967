import { hostAndPort } from '../addresses';
import type { ServerRecord } from './server-record';

export function addressOf({ ip, port }: ServerRecord): string {
  return hostAndPort(reachable(ip), port);
}

export function uiUrlOf({ uiIp, uiPort }: ServerRecord): string {
  return `http://${hostAndPort(reachable(uiIp), uiPort)}`;
}

/** 'Every address' is one to listen on, not one to connect to. */
function reachable(ip: string): string {
  if (ip === '0.0.0.0') return '127.0.0.1';
  return ip === '::' ? '::1' : ip;
}
