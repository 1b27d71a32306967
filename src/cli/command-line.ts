import { existsSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { loadEnvFile, unmarkNames } from '../config/env-file';
import { addCompletion } from './commands/completion';
import { addDoctor } from './commands/doctor';
import { addEngines } from './commands/engines';
import { addEvents } from './commands/events';
import { addInit } from './commands/init';
import { addRecheck } from './commands/recheck';
import { addReplace } from './commands/replace';
import { addReplacements } from './commands/replacements';
import { addScale } from './commands/scale';
import { addStart } from './commands/start';
import { addStatus } from './commands/status';
import { addStreams } from './commands/streams';
import { packageVersion } from '../lib/package-version';
import { Terminal } from './terminal';
import { messageOf } from '../lib/errors';

/** Exit code for a wrong configuration or command line; nothing was started. */
const WRONG_INPUT = 2;

/** Runs the command of the command line, and ends the process. */
export function runCommandLine(): void {
  unmarkNames(process.env);
  try {
    if (existsSync('.env')) loadEnvFile('.env', process.env);
  } catch (error) {
    // The doctor itself reports what is wrong with the file.
    if (process.argv[2] !== 'doctor') {
      process.stderr.write(`${messageOf(error)}\n`);
      process.exit(WRONG_INPUT);
    }
  }
  // The reader of a pipe has gone, so nobody needs the rest.
  process.stdout.on('error', () => process.exit(0));
  commandLine(new Terminal())
    .parseAsync()
    .then(
      () => process.exit(),
      (error: unknown) => {
        // Help was asked for, or the mistake has been printed.
        if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : WRONG_INPUT);
        process.stderr.write(`${messageOf(error)}\n`);
        process.exit(error instanceof Error && error.name === 'ConfigError' ? WRONG_INPUT : 1);
      },
    );
}

/** Every command, with environment variables as defaults. A mistake in the command line is printed and then thrown. */
export function commandLine(terminal: Terminal): Command {
  const program = new Command('portward')
    .version(packageVersion(), '--version', 'print the version')
    .description("Keeps engines behind a VPN in step with the VPN's forwarded port.")
    .configureOutput({
      writeOut: (text) => terminal.out.write(text),
      writeErr: (text) => terminal.err.write(text),
      outputError: (text, write) => write(text),
    })
    // Commands that are added below inherit this.
    .exitOverride()
    .addHelpText('before', `${terminal.style('bold', 'To begin:')} ${BEGIN}\n`);
  addStart(program);
  program.commandsGroup('See what it does:');
  for (const add of [addStatus, addEngines, addStreams, addReplacements, addEvents]) add(program, terminal);
  program.commandsGroup('Make it do something:');
  for (const add of [addReplace, addRecheck, addScale]) add(program, terminal);
  program.commandsGroup('Set it up:').helpCommand(true);
  addInit(program, terminal);
  addDoctor(program, terminal);
  addCompletion(program, terminal);
  return program;
}

const BEGIN = "'portward init' beside a VPN container that runs, then 'portward doctor', then 'portward start'.";
