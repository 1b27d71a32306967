// The demo's sequence of events: it prints each event and records the checks.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EnginesWatch } from '../simulator/engines-watch';
import type { ProxyEngine } from '../simulator/proxy-client';
import { textTable } from '../simulator/text-table';
import type { ReplacementJson } from '../src/api/schemas/engines';
import { allEnded } from './all-ended';
import type { Checks } from './checks';
import { forwardedContainers, replacements, vpnStatus, workflowRun } from './facts';
import type { ListRules } from './list-rules';
import type { Screen } from './screen';
import { ENGINE_STARTUP_MS, PORTS, type Stage } from './stage';

export interface StoryParts {
  readonly stage: Stage;
  readonly screen: Screen;
  readonly checks: Checks;
  readonly watch: EnginesWatch;
  readonly rules: ListRules;
  readonly signal: AbortSignal;
}

/** The longest wait for one event, on a busy machine. */
const LIMIT_MS = 60_000;
/** A pause in which the reader can read, and some streams run undisturbed. */
const PAUSE_MS = 2_500;
const LOOK_EVERY_MS = 100;

export class Story {
  constructor(private readonly parts: StoryParts) {}

  /** Resolves when both VPNs have their forwarded engine. */
  async untilProvisioned(): Promise<void> {
    const { watch, signal, stage, screen } = this.parts;
    await watch.until(
      'a forwarded engine on each VPN',
      (list) =>
        isForwarded(list, stage.gluetun.name, PORTS.gluetun) && isForwarded(list, stage.gluetun2.name, PORTS.gluetun2),
      { limitMs: LIMIT_MS, signal },
    );
    screen.say('demo', 'Both VPNs have their forwarded engine');
  }

  /** Prints the present answer of `/engines` as a table. */
  showEngines(): void {
    const { screen, watch } = this.parts;
    const rows = (watch.engines ?? []).map((e) => [
      e.container_name ?? '',
      e.vpn_container ?? '',
      e.port,
      e.p2p_port ?? 0,
      e.forwarded === true ? 'yes' : 'no',
      e.health_status ?? '',
    ]);
    // Shorten the names before the table measures its columns.
    const shown = rows.map((row) =>
      row.map((cell) => (typeof cell === 'string' ? this.parts.stage.names.shown(cell) : cell)),
    );
    const lines = textTable(['ENGINE', 'VPN', 'HTTP PORT', 'P2P PORT', 'FORWARDED', 'HEALTH'], shown);
    screen.text(['', '  GET /engines', ...lines.map((line) => `    ${line}`)]);
  }

  async portChanges(): Promise<void> {
    const { stage, screen, checks, watch, signal } = this.parts;
    const { gluetun, gluetun2 } = stage;
    const old = this.forwardedEngine(gluetun.name);
    const other = this.forwardedEngine(gluetun2.name);
    const otherBefore = await this.traces(gluetun2.name);

    screen.say('gluetun', `The provider forwards another port: ${PORTS.gluetun} → ${PORTS.gluetunLater}`);
    const hiding = this.untilHidden(old);
    const listing = watch.until(
      `a forwarded engine on ${PORTS.gluetunLater}`,
      (list) => isForwarded(list, gluetun.name, PORTS.gluetunLater),
      { limitMs: LIMIT_MS, signal },
    );
    const changing = gluetun.changePort(PORTS.gluetunLater).then(({ newPortSetAt }) => newPortSetAt);
    const sinceChange = async (seen: Promise<number>): Promise<string> => {
      const [changedAt, at] = await Promise.all([changing, seen]);
      return seconds(at - changedAt);
    };
    const [, hidden, ready] = await allEnded([
      changing,
      sinceChange(hiding).then((after) => {
        screen.say('client', `/engines no longer lists the old engine, ${after} after the change`);
        return after;
      }),
      sinceChange(listing).then((after) => {
        screen.say('client', `/engines lists the new engine, ${after} after the change`);
        return after;
      }),
    ]);
    const replacement = await this.untilReplaced(gluetun.name, 'port changed');
    await this.untilGone(old);
    await sleep(PAUSE_MS, undefined, { signal });
    this.showEngines();

    checks.expect('the old engine left /engines', true, `${hidden} after the port changed`);
    checks.expect(
      'the new engine was listed',
      this.forwardedEngine(gluetun.name).p2p_port === PORTS.gluetunLater,
      `${ready} after the port changed; its own start takes ${seconds(ENGINE_STARTUP_MS)}`,
    );
    checks.expect('the replacement is complete, and the old container is gone', true, took(replacement));
    const otherAfter = await this.traces(gluetun2.name);
    checks.expect(
      'gluetun2 was not affected: same container, port, engine and workflow run, no replacement',
      otherAfter === otherBefore && lists(watch.engines ?? [], other),
      otherAfter === otherBefore ? '' : `before ${otherBefore}, after ${otherAfter}`,
    );
  }

  async replacementByHand(): Promise<void> {
    const { stage, screen, checks, watch, signal } = this.parts;
    const { gluetun, portward } = stage;
    const old = this.forwardedEngine(gluetun.name);
    const hiding = this.untilHidden(old).then((at) => {
      screen.say('client', "/engines no longer lists gluetun's engine, but still gluetun2's");
      return at;
    });
    const listing = watch
      .until(
        'another forwarded engine on the same port',
        (list) => isForwarded(list, gluetun.name, PORTS.gluetunLater) && !lists(list, old),
        { limitMs: LIMIT_MS, signal },
      )
      .then((at) => {
        screen.say('client', '/engines lists the new engine');
        return at;
      });
    screen.say('you', '$ portward replace gluetun --reason "just to see"');
    const asking = portward.command('replace', gluetun.name, '--reason', 'just to see').then((said) => {
      screen.say('you', said);
    });
    const [, hiddenAt, readyAt] = await allEnded([asking, hiding, listing]);
    const replacement = await this.untilReplaced(gluetun.name, 'forced');
    await this.untilGone(old);
    await sleep(PAUSE_MS, undefined, { signal });
    this.showEngines();
    const decidedAt = Date.parse(replacement.started_at);
    checks.expect(
      'the replacement by hand is complete, and the old container is gone',
      true,
      `hidden after ${seconds(hiddenAt - decidedAt)}, the new one on the same port listed after ${seconds(readyAt - decidedAt)}`,
    );
  }

  /** Checks the final state, and the rules that had to hold all the time. */
  async review(): Promise<void> {
    const { stage, checks, rules } = this.parts;
    for (const [vpn, port] of [
      [stage.gluetun, PORTS.gluetunLater],
      [stage.gluetun2, PORTS.gluetun2],
    ] as const) {
      const found = await forwardedContainers(stage.docker, vpn.name);
      const listed =
        this.parts.watch.engines?.filter((e) => e.forwarded === true && e.vpn_container === vpn.name) ?? [];
      checks.expect(
        `${vpn.name} has exactly one forwarded engine, on port ${port}`,
        found.length === 1 && found[0]?.p2pPort === String(port) && listed.length === 1 && listed[0]?.p2p_port === port,
        `${found.length} in Docker (${found.map((c) => c.p2pPort).join(', ')}), ${listed.length} in /engines`,
      );
    }
    checks.expect(
      'no answer of /engines showed two forwarded engines of a VPN, or an evicted one again',
      rules.broken.size === 0,
      rules.broken.size === 0 ? `${rules.lists} answers` : [...rules.broken].join('; '),
    );
    const errors = stage.portward.logLines.filter((line) => ['error', 'fatal', 'output'].includes(line.level));
    checks.expect('Portward logged no error', errors.length === 0, errors.map((line) => line.text).join('; '));
  }

  /** Resolves with the time of the first list without the engine. From then on the engine must not be listed again. */
  private async untilHidden(engine: ProxyEngine): Promise<number> {
    const { watch, rules, signal } = this.parts;
    const isHidden = (list: readonly ProxyEngine[]): boolean => !lists(list, engine);
    const at = await watch.until(`${engine.container_name} is hidden`, isHidden, { limitMs: LIMIT_MS, signal });
    rules.evict(engine.container_id);
    return at;
  }

  private forwardedEngine(vpn: string): ProxyEngine {
    const found = this.parts.watch.engines?.find((e) => e.forwarded === true && e.vpn_container === vpn);
    if (!found) throw new Error(`expected a forwarded engine of ${vpn} in /engines, found none`);
    return found;
  }

  /** The state of a VPN that must not be affected, as a text to compare before and after. */
  private async traces(vpn: string): Promise<string> {
    const { docker, portward } = this.parts.stage;
    const status = await vpnStatus(portward, vpn);
    const [container, engines, run, made] = await Promise.all([
      docker.getContainer(vpn).inspect(),
      forwardedContainers(docker, vpn),
      workflowRun(portward, status.workflow_id),
      replacements(portward, vpn),
    ]);
    const { Id, State } = container;
    return JSON.stringify({ Id, started: State.StartedAt, port: status.forwarded_port, engines, run, made });
  }

  private async untilReplaced(vpn: string, cause: ReplacementJson['cause']): Promise<ReplacementJson> {
    return this.until(`the replacement (${cause}) is complete`, async () => {
      const [newest] = await replacements(this.parts.stage.portward, vpn);
      return newest?.cause === cause && newest.state === 'completed' ? newest : null;
    });
  }

  private async untilGone({ container_id: id }: ProxyEngine): Promise<void> {
    await this.until(`container ${id.slice(0, 12)} is removed`, async () => {
      const found = await this.parts.stage.docker.listContainers({ all: true, filters: { id: [id] } });
      return found.length === 0 ? true : null;
    });
  }

  private async until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      if (Date.now() > deadline) throw new Error(`expected within ${LIMIT_MS / 1000} s: ${what}`);
      await sleep(LOOK_EVERY_MS, undefined, { signal: this.parts.signal });
    }
  }
}

function isForwarded(list: readonly ProxyEngine[], vpn: string, port: number): boolean {
  return list.some((e) => e.forwarded === true && e.vpn_container === vpn && e.p2p_port === port);
}

function lists(list: readonly ProxyEngine[], engine: ProxyEngine): boolean {
  return list.some((e) => e.container_id === engine.container_id);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function took({ started_at: from, ended_at: to }: ReplacementJson): string {
  return to === null ? 'not ended' : `${seconds(Date.parse(to) - Date.parse(from))} from decision to end`;
}
