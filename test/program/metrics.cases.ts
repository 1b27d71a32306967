import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { tablesIn } from '../docs/markdown';
import { parseExposition, valueOf, type Family } from '../api/metrics/exposition';
import { metricNames } from '../api/metrics/expression';
import { until } from '../simulator/until';
import type { Stage } from './stage';

// /metrics of the whole program before and after a real port change; and the files under deploy/, which may use only these metrics.

const ROOT = join(__dirname, '..', '..');

export function metricsCases(on: () => Stage, at: number): void {
  let stage: Stage;
  const vpn = () => stage.vpn(at);
  beforeAll(() => {
    stage = on();
  });

  async function scrape(): Promise<Map<string, Family>> {
    const response = await fetch(`${stage.portward.url}/metrics`);
    expect(response.status).toBe(200);
    return parseExposition(await response.text());
  }

  function ofVpn(families: Map<string, Family>, name: string, labels = {}): number {
    return valueOf(families, `portward_${name}`, { vpn: vpn().name, ...labels }) ?? 0;
  }

  test('a port change is counted and measured once, and shows in the gauges', async () => {
    const before = await until('the first engine counted', async () => {
      const families = await scrape();
      return ofVpn(families, 'replacements_total', { cause: 'first_engine', outcome: 'completed' }) === 1
        ? families
        : null;
    });
    expect(ofVpn(before, 'port_changes_total')).toBe(0);
    expect(ofVpn(before, 'vpn_forwarded_port')).toBe(65_290);
    expect(ofVpn(before, 'port_reads_total', { result: 'ok' })).toBeGreaterThan(0);
    expect(valueOf(before, 'orch_healthy_engines')).toBeGreaterThan(0);

    await vpn().changePort(40_648);
    await stage.forwarded(40_648, vpn());
    await stage.quiet(vpn());
    const after = await until('the change counted', async () => {
      const families = await scrape();
      return ofVpn(families, 'replacements_total', { cause: 'port_changed', outcome: 'completed' }) === 1
        ? families
        : null;
    });
    expect(ofVpn(after, 'port_changes_total')).toBe(1);
    for (const name of ['port_change_hidden_seconds', 'port_change_ready_seconds']) {
      expect([name, ofVpn(after, `${name}_count`)]).toEqual([name, 1]);
      expect(ofVpn(after, `${name}_sum`)).toBeGreaterThan(0);
    }
    expect(ofVpn(after, 'port_change_ready_seconds_sum')).toBeGreaterThan(
      ofVpn(after, 'port_change_hidden_seconds_sum'),
    );
    // Two times without a forwarded engine: before the first one, and between the two.
    expect(ofVpn(after, 'unforwarded_seconds_count')).toBe(2);
    expect(ofVpn(after, 'vpn_forwarded_port')).toBe(40_648);
    expect(ofVpn(after, 'vpn_forwarding', { state: 'forwarded' })).toBe(1);
  });

  test("Temporal's own metrics are there; all are named as Prometheus asks for, and nothing in them names an engine or a workflow", async () => {
    const families = await scrape();
    expect(valueOf(families, 'portward_worker_metrics_up')).toBe(1);
    expect([...families.keys()].filter((name) => name.startsWith('temporal_')).length).toBeGreaterThan(10);
    // The rules of `promtool check metrics`.
    for (const [name, { type, help, samples }] of families) {
      const wrong = samples.flatMap((s) => Object.keys(s.labels)).filter((label) => !/^[a-z_][a-z0-9_]*$/.test(label));
      expect([name, wrong]).toEqual([name, []]);
      expect(help.trim()).not.toBe('');
      expect([name, /^[a-z_:][a-z0-9_:]*$/.test(name), name.endsWith('_total')]).toEqual([
        name,
        true,
        type === 'counter',
      ]);
      expect(name).not.toMatch(
        /_(gauge|counter|histogram|bucket|count|sum|info|milliseconds|minutes|hours|kilobytes)$/,
      );
    }
    const values = [...families.values()].flatMap(({ samples }) => samples.flatMap((s) => Object.values(s.labels)));
    const containers = await Promise.all(stage.vpns.map((one) => stage.containers(one)));
    const ids = containers.flat().flatMap(({ id, name }) => [id, name]);
    expect(values.filter((value) => ids.includes(value) || value.startsWith('vpn/'))).toEqual([]);
  });

  test('docs/reference/metrics.md has every metric of Portward and no other', async () => {
    const documented = tablesIn(readFileSync(join(ROOT, 'docs/reference/metrics.md'), 'utf8'))
      .filter(({ header }) => header[0] === 'name')
      .flatMap(({ rows }) =>
        rows.flatMap(([cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)),
      );
    const ours = [...(await scrape()).keys()].filter((name) => /^(orch|portward)_/.test(name));
    expect(documented.toSorted()).toEqual(ours.toSorted());
  });

  describe('the files under deploy/', () => {
    const deploy = join(ROOT, 'deploy');
    const text = (file: string) => readFileSync(join(deploy, file), 'utf8');

    test.each(['grafana-dashboard.json', 'prometheus-alerts.yml'])('%s names only metrics that exist', async (file) => {
      const families = await scrape();
      const there = new Set([...families.values()].flatMap(({ samples }) => samples.map((s) => s.name)));
      const named = expressionsIn(text(file)).flatMap(metricNames);
      expect(named.length).toBeGreaterThan(5);
      expect(named.filter((name) => !there.has(name) && name !== 'up')).toEqual([]);
    });

    test('alerts and dashboard together use every state of a VPN', () => {
      const all = ['grafana-dashboard.json', 'prometheus-alerts.yml'].flatMap((f) => expressionsIn(text(f)));
      const named = new Set(all.flatMap(metricNames));
      const wanted = ['healthy', 'answers', 'forwarded_port', 'forwarded_engines', 'engines', 'circuit_breaker'];
      expect(wanted.filter((name) => !named.has(`portward_vpn_${name}`))).toEqual([]);
    });
  });

  test('prometheus.yml names the file with the rules, and every rule and panel is complete', () => {
    const deploy = join(ROOT, 'deploy');
    const text = (file: string) => readFileSync(join(deploy, file), 'utf8');
    expect(parsed(text('prometheus.yml'))).toMatchObject({
      rule_files: ['prometheus-alerts.yml'],
      scrape_configs: [{ job_name: 'portward', static_configs: [{ targets: ['portward:8000'] }] }],
    });
    const { groups } = parsed(text('prometheus-alerts.yml')) as { groups: { rules: Record<string, unknown>[] }[] };
    const rules = groups.flatMap((g) => g.rules);
    for (const rule of rules) {
      expect(rule).toMatchObject({
        alert: expect.stringMatching(/^Portward[A-Z]\w+$/),
        expr: expect.any(String),
        labels: { severity: expect.stringMatching(/^(warning|critical)$/) },
        annotations: { summary: expect.any(String), description: expect.any(String) },
      });
    }
    expect(new Set(rules.map((r) => r['alert'])).size).toBe(rules.length);
    const [advice] = tablesIn(readFileSync(join(ROOT, 'docs/guides/watch-and-alert.md'), 'utf8')).filter(
      ({ header }) => header[0] === 'alert',
    );
    expect(rules.map((r) => r['alert'])).toEqual(advice?.rows.map(([alert]) => alert));
    const dashboard = JSON.parse(text('grafana-dashboard.json')) as {
      templating: { list: { name: string; type: string }[] };
      panels: { id: number; datasource: { uid: string }; targets: unknown[] }[];
    };
    expect(dashboard.templating.list).toContainEqual(
      expect.objectContaining({ name: 'datasource', type: 'datasource' }),
    );
    expect(new Set(dashboard.panels.map((p) => p.id)).size).toBe(dashboard.panels.length);
    for (const panel of dashboard.panels) {
      expect(panel.datasource.uid).toBe('${datasource}');
      expect(panel.targets.length).toBeGreaterThan(0);
    }
  });
}

/** Parses YAML or JSON. @throws if it is not well formed */
function parsed(text: string): unknown {
  const document = parseDocument(text, { strict: true, uniqueKeys: true });
  expect([...document.errors, ...document.warnings]).toEqual([]);
  return document.toJS();
}

function expressionsIn(text: string): string[] {
  const found: string[] = [];
  JSON.stringify(parsed(text), (key, value: unknown) => {
    if (key === 'expr' && typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}
