import type { Cause } from '../src/domain/replacement';
import { noPort as no } from '../src/domain/vpn/timeline';

// Sample data: two VPNs at a fixed time, so that the pictures are the same each time.

export const SAMPLE_NOW = Date.parse('2026-11-23T19:42:30.000Z');

export interface SampleVpn {
  readonly name: string;
  readonly address: string;
  /** States of the timeline: since how many hours, and the port or one of `noPort`. */
  readonly states: readonly (readonly [hoursAgo: number, state: number])[];
  readonly ended: readonly (readonly [
    hoursAgo: number,
    cause: Cause,
    readyAfterS: number | null,
    endedAfterS: number,
  ])[];
  readonly plainEngines: number;
  /** The indexes of the engines with a stream; 0 is the forwarded engine. */
  readonly streams: readonly number[];
  readonly firstPort: number;
}

export const household: readonly SampleVpn[] = [
  {
    name: 'gluetun',
    address: '203.0.113.24',
    states: [
      [180, 51_820],
      [121, 38_114],
      [71, no.none],
      [70.8, 44_902],
      [22.4, 61_077],
      [14.2, no.down],
      [13.7, 61_077],
      [8.1, no.none],
      [7.8, 47_355],
      [3.4, 40_648],
    ],
    ended: [
      [121, 'port changed', 1.6, 5.1],
      [70.8, 'port changed', 1.4, 4.9],
      [22.4, 'port changed', 1.5, 5.2],
      [13.7, 'VPN restarted', 2.3, 3.9],
      [7.8, 'port changed', 1.3, 4.8],
      [5.1, 'forced', 1.4, 5],
    ],
    plainEngines: 2,
    streams: [0, 1],
    firstPort: 19_000,
  },
  {
    name: 'gluetun2',
    address: '198.51.100.71',
    states: [
      [150, 40_102],
      [96, 58_230],
      [18.3, 53_991],
      [10.6, 51_413],
    ],
    ended: [
      [96, 'port changed', 1.5, 4.7],
      [18.3, 'port changed', 1.2, 4.6],
    ],
    plainEngines: 2,
    streams: [1],
    firstPort: 19_025,
  },
];
