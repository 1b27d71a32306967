import { statusCode } from '../../../clients/docker/docker-error';
import type { PullPolicy } from '../../../domain/settings';
import { imageMissing } from '../../../domain/vpn/problems';
import type { Check } from '../../check';
import { ok, unknown, warning, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';
import { messageOf } from '../../../lib/errors';

/** Whether the image's registry has it, as Docker says without pulling it. */
export type Registry =
  | { readonly kind: 'there' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** A filtering proxy does not permit this call. */
  | { readonly kind: 'unasked' };

export interface ImageFacts {
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  readonly isThere: boolean;
  /** Null if the image is present, or is never pulled. */
  readonly registry: Registry | null;
}

export function image(site: Site): Check {
  return {
    id: 'engine.image',
    title: "engines' image",
    vpn: null,
    look: async () => {
      const { variant, pullPolicy } = site.settings.engine;
      const isThere = await site.docker.hasImage(variant.image).catch((error: unknown) => {
        if (statusCode(error) === BAD_REQUEST && error instanceof Error) return bare(error.message);
        throw error;
      });
      if (typeof isThere === 'string') return judgeName(variant.image, isThere);
      const registry = isThere || pullPolicy === 'never' ? null : await inRegistry(site, variant.image);
      return judgeImage({ image: variant.image, pullPolicy, isThere, registry });
    },
  };
}

async function inRegistry({ dockerode }: Site, name: string): Promise<Registry> {
  try {
    await dockerode.getImage(name).distribution();
    return { kind: 'there' };
  } catch (error) {
    const status = statusCode(error);
    if (status === null) throw error;
    const reason = messageOf(error);
    const isProxys = [403, 405, 501].includes(status) && !LOGIN.test(reason);
    return isProxys ? { kind: 'unasked' } : { kind: 'refused', reason: bare(reason) };
  }
}

const BAD_REQUEST = 400;

/** Docker's own error, without the prefix of its client. */
function bare(message: string): string {
  return message.replace(/^\(HTTP code \d+\) (unexpected - )?/, '').trim();
}

/** @param reason why Docker does not accept the name */
export function judgeName(name: string, reason: string): Finding {
  return wrong(
    `${name} is not the name of an image: ${reason}`,
    'no engine can be made',
    'correct ENGINE_IMAGE, for example to registry.example/name:tag, in small letters',
  );
}

/** Matches errors of registries about a login, and of a Docker host that has no login for one. */
const LOGIN = /denied|unauthorized|authenti|credentials/i;

export function judgeImage({ image: name, pullPolicy, isThere, registry }: ImageFacts): Finding {
  if (isThere) return ok(`${name} is on the Docker host`);
  if (registry === null)
    return wrong(
      imageMissing(name, pullPolicy).what,
      'no engine can be made, since PULL_POLICY=never',
      `docker pull ${name}, or set PULL_POLICY=missing`,
    );
  switch (registry.kind) {
    case 'there':
      return ok(`${name} is not on the Docker host yet, and its registry has it`);
    case 'unasked':
      return unknown(
        `${name} is not on the Docker host, and a filtering proxy does not permit to ask whether it can be pulled`,
      );
    case 'refused':
      return judgeRefusal(name, registry.reason);
  }
}

function judgeRefusal(name: string, reason: string): Finding {
  const found = `${name} is not on the Docker host, and its registry does not give it: ${reason}`;
  if (LOGIN.test(reason))
    return wrong(
      found,
      'it may not exist, or ask for a login, and Portward sends none',
      `see that ENGINE_IMAGE is right; if it needs a login: docker login, docker pull ${name}, and PULL_POLICY=never`,
    );
  if (/not found|manifest unknown|no such (image|manifest)/i.test(reason))
    return wrong(
      found,
      'no engine can be made',
      'correct ENGINE_IMAGE or ENGINE_VARIANT: there is no such image, or no such tag',
    );
  return warning(
    found,
    'no engine can be made until it can be pulled',
    `see that the Docker host reaches that registry: docker pull ${name}`,
  );
}
