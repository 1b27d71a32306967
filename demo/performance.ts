import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { EnginesWatch } from '../simulator/engines-watch';
import type { LogLine, PortwardProcess } from '../simulator/portward-process';
import { ProxyClient } from '../simulator/proxy-client';
import { Viewers, type Tally } from '../simulator/viewers';
import { ADMIN_PORT } from '../simulator/vpn/messages';
import type { Checks } from './checks';
import { vpnStatus } from './facts';
import { ListRules } from './list-rules';
import type { RunNames } from './names';
import type { Screen } from './screen';
import { setStage, type Stage } from './stage';
import { Story } from './story';
import type { Teardown } from '../simulator/teardown';

export const VIEWERS = 4;

const PAUSE_MS = 2_500;

export interface Performance {
  readonly docker: Docker;
  readonly names: RunNames;
  readonly screen: Screen;
  readonly checks: Checks;
  readonly teardown: Teardown;
  readonly keep: boolean;
  readonly signal: AbortSignal;
}

/** Runs the demo from the first container to the last check. `teardown` gets everything that has to be undone. */
export async function perform(performance: Performance): Promise<void> {
  const { docker, names, screen, checks, teardown, keep } = performance;
  screen.heading('1. Portward starts');
  const onPortwardLine = (line: LogLine): void => sayLine(screen, line);
  const stage = await setStage(docker, { names, screen, teardown, signal: performance.signal, onPortwardLine });
  const { portward } = stage;
  const signal = AbortSignal.any([performance.signal, deathOf(portward)]);

  const rules = new ListRules();
  const watch = new EnginesWatch(portward.url, (list) => rules.check(list));
  teardown.add('stop watching', () => watch.stop());
  const proxy = new ProxyClient({
    url: portward.url,
    addressOf: ({ vpn_container: vpn }) => (vpn === stage.gluetun2.name ? stage.gluetun2 : stage.gluetun).address,
  });
  const viewers = new Viewers(proxy, (outcome) => {
    if (outcome.kind !== 'served') screen.say('viewers', `${outcome.kind}: ${outcome.reason}`, { style: 'red' });
  });
  teardown.add('stop the viewers', () => viewers.stop());

  const story = new Story({ stage, screen, checks, watch, rules, signal });
  await story.untilProvisioned();
  viewers.start(VIEWERS);
  screen.say('viewers', `${VIEWERS} viewers begin to request streams, each of them every 0.6 s`);
  screen.startPulse(() => tallyText(viewers.tally));
  const page = portward.workflowPage((await vpnStatus(portward, stage.gluetun.name)).workflow_id);
  story.showEngines();
  screen.text([
    '',
    `  The page, while this runs: ${portward.url}/`,
    `  gluetun's workflow in the Temporal UI: ${page}`,
    `  (API key: ${stage.apiKey})`,
    '',
  ]);
  await sleep(PAUSE_MS, undefined, { signal });

  screen.heading("2. gluetun's port changes");
  await story.portChanges();
  screen.heading('3. A replacement by hand');
  await story.replacementByHand();

  screen.text(['']);
  const tally = keep ? viewers.tally : await viewers.stop();
  const shares = [...tally.servedBy].map(([engine, streams]) => `${String(streams).padStart(5)} by ${engine}`);
  screen.say('viewers', [`${tallyText(tally)}; served`, ...shares].join('\n'));
  await story.review();
  checks.expect(
    'no stream request failed',
    tally.failed === 0 && tally.made > 0,
    `${tally.made} made, ${tally.failed} failed`,
  );
  checks.expect('no stream was cut short', tally.cutShort === 0, `${tally.cutShort} cut`);
  if (!keep) return;
  screen.heading('Look around');
  screen.text(places(stage, page));
  await once(signal, 'abort');
}

/** Aborted when Portward ends. During the demo nobody tells it to. */
function deathOf(portward: PortwardProcess): AbortSignal {
  const controller = new AbortController();
  void portward.exit.then(({ code, signal }) => {
    controller.abort(new Error(`Portward ended by itself with ${signal ?? `code ${code}`}`));
  });
  return controller.signal;
}

function sayLine(screen: Screen, { at, level, text }: LogLine): void {
  if (level === 'warn') screen.say('portward', text, { at, style: 'yellow' });
  else if (level === 'info') screen.say('portward', text, { at });
  else screen.say('portward', text, { at, style: 'red' });
}

function tallyText({ made, failed, cutShort }: Tally): string {
  return `${made} streams requested, ${failed} failed, ${cutShort} cut short`;
}

function places({ portward, gluetun, apiKey }: Stage, workflowPage: string): string[] {
  const change =
    process.platform === 'linux'
      ? [`  another port       curl -X PUT http://${gluetun.address}:${ADMIN_PORT}/port -d '{"port": 50505}'`]
      : [];
  return [
    `  the page           ${portward.url}/`,
    `  engines            curl ${portward.url}/engines`,
    `  VPNs               curl ${portward.url}/vpn/status`,
    `  Temporal UI        ${workflowPage}`,
    `                       (API key: ${apiKey})`,
    ...change,
    `  a replacement      curl -X POST -H 'Authorization: Bearer ${apiKey}' \\`,
    `                       ${portward.url}/vpns/${gluetun.name}/replacements`,
    '',
    '  Ctrl-C ends it and removes everything.',
  ];
}
