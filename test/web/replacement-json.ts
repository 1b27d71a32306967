import type { ReplacementJson } from '../../src/api/schemas/engines';

/** 65290 → 40648, under way. */
export function replacementJson(change: Partial<ReplacementJson> = {}): ReplacementJson {
  return {
    id: 'replace/test/gluetun/7-abcdef12',
    vpn: 'gluetun',
    cause: 'port changed',
    reason: null,
    state: 'running',
    old_port: 65_290,
    new_port: 40_648,
    old_engine: { container_id: 'old', container_name: 'engine-old' },
    new_engine: null,
    started_at: '2026-01-02T03:04:05.000Z',
    made_at: null,
    ready_at: null,
    gone_at: null,
    ended_at: null,
    failed_attempts: 0,
    last_error: null,
    ...change,
  };
}
