// `npm run chaos`: causes random faults around Portward, and checks all the time that its promises hold.
import { parseArgs } from 'node:util';
import Docker from 'dockerode';
import { whyNoPrivateDocker } from '../simulator/private-docker';
import { dockerError } from '../src/clients/docker/docker-error';
import { FAULT_KINDS, type FaultKind } from './faults';
import { play } from './play';
import { faultLine, makeSchedule, parseKinds } from './schedule';
import { Tally } from './tally';
import { messageOf } from '../src/lib/errors';

const USAGE = `Usage: npm run chaos -- [--seed 1] [--schedules 10] [--seconds 8] [--faults port-change,worker-kill] [--heal] [--verbose] [--print]
  --seed       of the first schedule; the others follow it
  --schedules  how many
  --seconds    in which a schedule's faults begin
  --faults     only these kinds: ${FAULT_KINDS.filter((kind) => kind !== 'calm-change').join(', ')}
  --heal       the harness, instead of Portward, brings back a lost port and a VPN's health
  --verbose    prints the faults and the log of every schedule, not only of one with a violation
  --print      prints the schedules and runs nothing`;
const WRONG_INPUT = 2;
const INTERRUPTED = 130;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      schedules: { type: 'string', default: '10' },
      seconds: { type: 'string', default: '8' },
      faults: { type: 'string' },
      heal: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      print: { type: 'boolean', default: false },
    },
  });
  const number = (name: 'seed' | 'schedules' | 'seconds', least: number): number => {
    const value = Number(values[name]);
    if (!(value >= least)) throw new Error(`--${name}: expected a number from ${least}, found '${values[name]}'`);
    return value;
  };
  return {
    seed: Math.floor(number('seed', 0)),
    schedules: Math.floor(number('schedules', 1)),
    seconds: number('seconds', 1),
    kinds: values.faults === undefined ? FAULT_KINDS : parseKinds(values.faults),
    heal: values.heal,
    verbose: values.verbose,
    print: values.print,
    /** The options that a replay needs as well. */
    options: [
      `--seconds ${values.seconds}`,
      ...(values.faults === undefined ? [] : [`--faults ${values.faults}`]),
      ...(values.heal ? ['--heal'] : []),
    ],
  };
}

function print(options: { seed: number; schedules: number; seconds: number; kinds: readonly FaultKind[] }): void {
  for (let n = 0; n < options.schedules; n++) {
    const schedule = makeSchedule({ ...options, seed: options.seed + n });
    say(`seed ${schedule.seed}`);
    for (const fault of schedule.faults) say(`  ${faultLine(fault)}`);
  }
}

async function main(): Promise<number> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${USAGE}\n`);
    return WRONG_INPUT;
  }
  if (options.print) {
    print(options);
    return 0;
  }
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      say(interruption.signal.aborted ? 'Still cleaning up.' : `${signal}: cleaning up.`);
      interruption.abort();
    });
  }
  const reason = await whyNoPrivateDocker();
  if (reason !== null) {
    say(`No faults of Docker itself, because a second Docker Engine can't be started: ${reason}`);
    await new Docker().ping().catch((error: unknown) => {
      throw new Error(`Chaos needs Docker. ${dockerError(error).message}`, { cause: error });
    });
  }
  const tally = new Tally();
  const { signal } = interruption;
  try {
    await play({ ...options, privateDocker: reason === null, signal, say }, tally);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  say('');
  for (const line of tally.lines()) say(line);
  if (tally.violations > 0) return 1;
  if (signal.aborted) return INTERRUPTED;
  const neverFired = tally.neverFired({ privateDocker: reason === null });
  for (const text of neverFired) say(`NOT TESTED: ${text}`);
  return neverFired.length > 0 ? 1 : 0;
}

void main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
