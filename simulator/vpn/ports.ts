import { isRecord, RefusedRequest } from '../inside/json-exchange';

/** Reads `{port}` or `{ports}`; port 0 and an empty list both mean none. Throws RefusedRequest on anything else. */
export function parsePorts(value: unknown): number[] {
  if (isRecord(value)) {
    const ports: unknown = value.ports ?? [value.port];
    if (Array.isArray(ports) && ports.every(isPortOrNone)) return ports.filter((port) => port !== 0);
  }
  throw new RefusedRequest(400, `expected {port: 0-65535} or {ports: [...]}, found ${JSON.stringify(value)}`);
}

function isPortOrNone(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65535;
}
