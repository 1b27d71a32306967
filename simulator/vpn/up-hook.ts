// The image has neither a shell nor wget, so the usual up-command (`/bin/sh -c "wget … &"`) can't run in it. This makes the same request,
// in the background and with a limit of 1 s.
import { request } from 'node:http';
import { logOf, type Log, type Surroundings } from '../inside/surroundings';
import type { HookCall } from './messages';
import { withPorts } from './port-commands';

const HOOK_LIMIT_MS = 1000;

export class UpHook {
  readonly calls: HookCall[] = [];

  private readonly log: Log;

  constructor(
    private readonly url: string,
    private readonly authorization: string,
    private readonly around: Pick<Surroundings, 'print' | 'lookup'>,
  ) {
    this.log = logOf(around);
  }

  call(ports: number[]): void {
    if (this.url === '') return;
    const call: HookCall = { at: Date.now(), ports, outcome: 'waiting' };
    this.calls.push(call);
    const end = (outcome: string): void => {
      call.outcome = outcome;
      this.log(`up-hook for port ${ports.join(',')}: ${outcome}`);
    };
    try {
      const post = request(withPorts(this.url, ports), {
        method: 'POST',
        lookup: this.around.lookup,
        signal: AbortSignal.timeout(HOOK_LIMIT_MS),
        headers: {
          'content-type': 'application/json',
          ...(this.authorization === '' ? {} : { authorization: this.authorization }),
        },
      });
      post.on('response', (response) => {
        end(String(response.statusCode));
        response.resume();
      });
      post.on('error', (error) => end(error.message));
      post.end(JSON.stringify({ port: ports[0] ?? 0, ports }));
    } catch (error) {
      end(error instanceof Error ? error.message : String(error));
    }
  }
}
