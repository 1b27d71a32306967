// `npm run bench`: measures speed and memory, and prints one table, with bounds. A broken bound does not change the exit code.
import { parseArgs } from 'node:util';
import Docker from 'dockerode';
import { dockerError } from '../src/clients/docker/docker-error';
import { machine } from './machine';
import { measure, PART_NAMES, type MeasureOptions } from './measure';
import { progress } from './progress';
import { rowTable } from './row';
import { closeAll } from './site';
import { messageOf } from '../src/lib/errors';

const USAGE = `Usage: npm run bench -- [${PART_NAMES.join('] [')}] [--vpns 100] [--restarts 10] [--idle-minutes 10] [--report-minutes 5] [--player-minutes 10]; without a name all of it`;
const WRONG_INPUT = 2;
const INTERRUPTED = 130;

function readOptions(): MeasureOptions {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'idle-minutes': { type: 'string', default: '10' },
      'report-minutes': { type: 'string', default: '5' },
      'player-minutes': { type: 'string', default: '10' },
      vpns: { type: 'string', default: '100' },
      restarts: { type: 'string', default: '10' },
    },
  });
  const parts = positionals.map((name) => {
    const part = PART_NAMES.find((known) => known === name);
    if (part === undefined) throw new Error(`expected some of ${PART_NAMES.join(', ')}, found '${name}'`);
    return part;
  });
  const minutes = (option: 'idle-minutes' | 'report-minutes' | 'player-minutes'): number => {
    const given = Number(values[option]);
    if (!(given > 0)) throw new Error(`--${option}: expected a number above 0, found '${values[option]}'`);
    return given;
  };
  const manyVpns = Number(values.vpns);
  if (!(Number.isInteger(manyVpns) && manyVpns >= 1 && manyVpns <= 1000))
    throw new Error(`--vpns: expected a number from 1 to 1000, found '${values.vpns}'`);
  const restarts = Number(values.restarts);
  if (!(Number.isInteger(restarts) && restarts >= 1))
    throw new Error(`--restarts: expected a number from 1, found '${values.restarts}'`);
  return {
    parts: parts.length === 0 ? PART_NAMES : parts,
    idleMinutes: minutes('idle-minutes'),
    reportMinutes: minutes('report-minutes'),
    playerMinutes: minutes('player-minutes'),
    manyVpns,
    restarts,
  };
}

async function main(): Promise<void> {
  let options: MeasureOptions;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${USAGE}\n`);
    process.exit(WRONG_INPUT);
  }
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interrupted) return;
      interrupted = true;
      progress(`${signal}: cleaning up`);
      void closeAll().finally(() => process.exit(INTERRUPTED));
    });
  }
  const docker = new Docker();
  try {
    await docker.ping();
  } catch (error) {
    throw new Error(`The benchmark needs Docker. ${dockerError(error).message}`, { cause: error });
  }
  const about = await machine(docker);
  const rows = await measure(docker, options);
  process.stdout.write(`\n${about}\n\n${rowTable(rows).join('\n')}\n`);
}

void main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
