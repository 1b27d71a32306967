import type { Command } from 'commander';

/** A command that asks a running Portward over its HTTP API. */
export function apiCommand(program: Command, usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .option('--json', 'print JSON')
    .option('--url <url>', "the API's address", defaultUrl());
}

export function defaultUrl(): string {
  return process.env['PORTWARD_URL'] || `http://127.0.0.1:${process.env['APP_PORT'] || 8000}`;
}

export interface ApiCommandOptions {
  readonly url: string;
  readonly json?: true;
}
