import type Dockerode from 'dockerode';
import { dockerError } from '../clients/docker/docker-error';
import type { ContainerDetails, DockerHost } from '../clients/docker/docker-host';

/** The command of Portward's containers, from the image's entry point. */
const COMMAND = /^(?:\S*\/)?portward (start|worker|api)\b/;

export type Part = 'start' | 'worker' | 'api';

/** The value of a variable in the container's environment, or ''. */
export function environmentOf({ Config }: ContainerDetails): (name: string) => string {
  return (name) => Config.Env?.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}

/** Containers of this Docker host in which a Portward runs, with its part. @throws DockerUnreachable */
export async function portwards(
  dockerode: Dockerode,
  docker: DockerHost,
): Promise<{ readonly part: Part; readonly details: ContainerDetails }[]> {
  const all = await dockerode.listContainers().catch((error: unknown) => {
    throw dockerError(error);
  });
  const found = await Promise.all(
    all.map(async ({ Id, Command }) => {
      const part = COMMAND.exec(Command)?.[1] as Part | undefined;
      const details = part === undefined ? null : await docker.inspect(Id);
      return part === undefined || details === null ? [] : [{ part, details }];
    }),
  );
  return found.flat();
}
