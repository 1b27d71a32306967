import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { NODE } from '../../simulator/image';
import { until } from '../simulator/until';

/**
 * Starts a process in the engine's container that takes more memory than the container may have, so that the kernel kills the engine.
 * Resolves when Docker has reported that.
 */
export async function killForWantOfMemory(docker: Docker, container: Docker.Container): Promise<void> {
  const since = Math.floor(Date.now() / 1000);
  const limit = 96 * 2 ** 20;
  await container.update({ Memory: limit, MemorySwap: limit });
  const program = `require('node:fs').writeFileSync('/proc/1/oom_score_adj', '1000');
    const taken = [];
    setInterval(() => taken.push(Buffer.alloc(8 * 2 ** 20, 1)), 20);`;
  const exec = await container.exec({ Cmd: [NODE, '-e', program] });
  const output = await exec.start({ Detach: true });
  output.destroy();
  await until('it has died for want of memory', async () => {
    const filters = { container: [container.id] };
    const events = await text(await docker.getEvents({ filters, since, until: Math.floor(Date.now() / 1000) }));
    return ['oom', 'die'].every((kind) => events.includes(`"Action":"${kind}"`));
  });
}
