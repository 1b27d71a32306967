// `npm run demo`: intro.ts has the text that explains it. The exit code is 0 only if every check holds.
import { parseArgs } from 'node:util';
import Docker from 'dockerode';
import { dockerError } from '../src/clients/docker/docker-error';
import { checkLine, Checks } from './checks';
import { leftInDocker } from './facts';
import { intro } from './intro';
import { RunNames } from './names';
import { perform, VIEWERS } from './performance';
import { Screen } from './screen';
import { Teardown } from '../simulator/teardown';

/** The exit code that shells expect after Ctrl-C. */
const INTERRUPTED = 130;
const WRONG_INPUT = 2;

class Interrupted extends Error {}

async function main(keep: boolean): Promise<number> {
  const names = new RunNames();
  const screen = new Screen(names);
  const checks = new Checks();
  const teardown = new Teardown();
  const docker = new Docker();
  try {
    await docker.ping();
  } catch (error) {
    screen.text([`The demo needs Docker. ${dockerError(error).message}`]);
    return 1;
  }
  const interruption = untilInterrupted(screen);
  screen.text(intro(VIEWERS, keep));

  let interrupted = false;
  try {
    await perform({ docker, names, screen, checks, teardown, keep, signal: interruption });
  } catch (error) {
    interrupted = error instanceof Interrupted || interruption.aborted;
    if (!interrupted) checks.expect('the demo ran to its end', false, messageOf(error));
  }

  screen.heading('Cleaning up');
  const problems = await teardown.run();
  screen.stopPulse();
  try {
    problems.push(...(await leftInDocker(docker, names)).map((name) => `left in Docker: ${name}`));
  } catch (error) {
    problems.push(`could not ask Docker what is left: ${messageOf(error)}`);
  }
  checks.expect('nothing is left in Docker, no process and no file', problems.length === 0, problems.join('; '));

  screen.heading('Results');
  for (const check of checks.all) screen.text([names.shown(checkLine(check))], check.holds ? 'green' : 'red');
  if (interrupted) screen.text(['', 'Interrupted before the end.']);
  else if (checks.failed.length === 0) screen.text(['', 'All checks passed.']);
  else screen.text(['', `${checks.failed.length} of ${checks.all.length} checks failed.`], 'red');
  if (checks.failed.length > 0) return 1;
  return interrupted ? INTERRUPTED : 0;
}

/** Aborted by the first Ctrl-C, SIGTERM or SIGHUP. Further signals do not interrupt the cleaning up. */
function untilInterrupted(screen: Screen): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      screen.text(['', controller.signal.aborted ? 'Still cleaning up.' : `${signal}: stopping.`]);
      controller.abort(new Interrupted(signal));
    });
  }
  return controller.signal;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'AbortError' && error.cause instanceof Error ? error.cause.message : error.message;
}

function readKeep(): boolean {
  try {
    return parseArgs({ options: { keep: { type: 'boolean', default: false } } }).values.keep;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\nUsage: npm run demo [-- --keep]\n`);
    process.exit(WRONG_INPUT);
  }
}

void main(readKeep()).then((code) => process.exit(code));
