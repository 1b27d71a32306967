import { basename, join, relative } from 'node:path';
import type { Command } from 'commander';
import { composeText, COMPOSE_FILE } from '../init/compose-text';
import { envText } from '../init/env-text';
import type { FoundVpn } from '../init/found-vpn';
import type * as Look from '../init/look';
import { makePlan } from '../init/make-plan';
import type { Plan } from '../init/plan';
import { atTerminal, nobody, type Questions } from '../init/questions';
import { writeUnlessThere, type Written } from '../init/write-file';
import type { Terminal } from '../terminal';

interface InitOptions {
  readonly yes?: true;
  readonly force?: true;
  readonly json?: true;
}

export function addInit(program: Command, terminal: Terminal): void {
  program
    .command('init')
    .description('finds your VPN containers, and writes a .env and a Compose file for Portward')
    .option('-y, --yes', 'ask nothing, and use what it finds')
    .option('--force', 'overwrite existing files')
    .option('--json', 'ask nothing, and print JSON')
    .action(async (options: InitOptions) => {
      // Loaded only here, because it loads Docker's client.
      const { runningVpns, dockerGroup } = require('../init/look') as typeof Look;
      const isAsking = !options.yes && !options.json && process.stdin.isTTY && terminal.out.isTTY === true;
      const questions = isAsking ? atTerminal(terminal) : nobody;
      try {
        await init({
          terminal,
          options,
          questions,
          folder: process.cwd(),
          found: await runningVpns(),
          group: dockerGroup(),
        });
      } finally {
        questions.close();
      }
    });
}

interface Init {
  readonly terminal: Terminal;
  readonly options: InitOptions;
  readonly questions: Questions;
  readonly folder: string;
  readonly found: readonly FoundVpn[];
  readonly group: number | null;
}

export async function init({ terminal, options, questions, folder, found, group }: Init): Promise<void> {
  if (!options.json) for (const vpn of found) terminal.print(described(terminal, vpn));
  const plan = await makePlan(found, questions, group);
  const answers = {
    mayOverwrite: async (path: string) =>
      options.force === true || /^y(es)?$/i.test(await questions.ask(`${path} exists: overwrite it? (y/n)`, 'n')),
  };
  const written = {
    '.env': await writeUnlessThere(join(folder, '.env'), envText(plan), answers, 0o600),
    [COMPOSE_FILE]: await writeUnlessThere(join(folder, COMPOSE_FILE), composeText(plan), answers),
  };
  if (options.json)
    terminal.json({
      vpns: plan.vpns.map(({ name, range }) => ({ name, range })),
      networks: plan.networks,
      files: written,
    });
  else terminal.print(summary(terminal, plan, written));
  // The exit code tells the caller that a file was not written.
  if (Object.values(written).includes('kept')) process.exitCode = 1;
}

function described(terminal: Terminal, { name, provider, portForwarding, networks, published }: FoundVpn): string {
  const parts = [
    provider ?? 'provider unknown',
    portForwarding ? 'forwards a port' : terminal.style('yellow', 'VPN_PORT_FORWARDING is not on'),
    networks.length > 0 ? `network ${networks.join(' and ')}` : 'no network',
    published ? `publishes ${published.first}-${published.last}` : 'publishes no ports for engines',
  ];
  return `Found ${terminal.style('bold', name)}: ${parts.join(', ')}`;
}

function summary(terminal: Terminal, { vpns }: Plan, written: Readonly<Record<string, Written>>): string {
  const files = Object.entries(written).map(([file, what]) =>
    what === 'written'
      ? `${terminal.style('green', 'Written')}  ${file}`
      : `${terminal.style('yellow', 'Kept')}     ${file}, which existed; --force overwrites it`,
  );
  return [
    ...files,
    '',
    `Portward will manage ${vpns.map(({ name }) => name).join(' and ')}. Next:`,
    ...steps([
      [`${calledAs()} doctor`, 'what is wrong or missing'],
      [calledAs() === IN_CHECKOUT ? 'npm start' : `${calledAs()} start`, 'here, or in a container:'],
      ['docker build -t portward .', 'once, in a checkout of Portward'],
      [`docker compose -f ${COMPOSE_FILE} up -d`, 'then http://127.0.0.1:8000/ is its page'],
    ]),
  ].join('\n');
}

function steps(of: readonly (readonly [command: string, what: string])[]): string[] {
  const width = Math.max(...of.map(([command]) => command.length));
  return of.map(([command, what]) => `  ${command.padEnd(width)}   ${what}`);
}

const IN_CHECKOUT = 'npm run portward';

/** How the user called this command: in a checkout there is no program `portward`. */
function calledAs(): string {
  if (process.env['npm_lifecycle_event'] === 'portward') return IN_CHECKOUT;
  const script = process.argv[1] ?? '';
  if (basename(script) !== 'main.js') return 'portward';
  const path = relative(process.cwd(), script);
  return `node ${path.startsWith('..') ? script : path}`;
}
