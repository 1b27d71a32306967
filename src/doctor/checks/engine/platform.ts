import type Dockerode from 'dockerode';
import type { Check } from '../../check';
import { NotChecked, ok, unknown, warning, type Finding } from '../../finding';
import type { Site } from '../../site';

export interface PlatformFacts {
  readonly image: string;
  readonly variantName: string;
  /** The Docker host's architecture in Go's words: amd64, arm64, arm. Null if Docker does not say. */
  readonly host: string | null;
  /** Architectures for which the image exists. */
  readonly imagePlatforms: readonly string[];
}

export function platform(site: Site): Check {
  return {
    id: 'engine.platform',
    title: "image's platform",
    vpn: null,
    look: async () => {
      const { variant, variantName } = site.settings.engine;
      const found = site.dockerode.getImage(variant.image);
      const [version, platforms] = await Promise.all([site.version(), platformsOf(found)]);
      return judgePlatform({
        image: variant.image,
        variantName,
        host: version?.Arch ?? null,
        imagePlatforms: platforms,
      });
    },
  };
}

interface Distribution {
  readonly Platforms?: readonly { readonly architecture?: string }[];
}

/** @throws NotChecked */
async function platformsOf(image: Dockerode.Image): Promise<string[]> {
  const inspected = await image.inspect().catch(() => null);
  if (inspected?.Architecture) return [inspected.Architecture];
  const distributed = (await image.distribution().catch(() => null)) as Distribution | null;
  const platforms = (distributed?.Platforms ?? []).flatMap(({ architecture }) => architecture ?? []);
  if (platforms.length === 0) throw new NotChecked('neither the Docker host nor a registry knows the image');
  return platforms;
}

const VARIANTS: Readonly<Record<string, string>> = {
  amd64: 'krinkuto11-amd64',
  arm64: 'jopsis-arm64',
  arm: 'jopsis-arm32',
};

export function judgePlatform({ image, variantName, host, imagePlatforms: platforms }: PlatformFacts): Finding {
  if (host === null) return unknown('Docker does not say what kind of machine it runs on');
  if (platforms.includes(host)) return ok(`${host}, like the Docker host`);
  const variant = VARIANTS[host];
  return warning(
    `${image} is for ${platforms.join(', ')}, and the Docker host is ${host}`,
    'engines do not start (exec format error), or slowly where the host emulates the other kind',
    variant === undefined || variantName === 'custom'
      ? `use an image for ${host}`
      : `set ENGINE_VARIANT=${variant}, or ENGINE_IMAGE to an image for ${host}`,
  );
}
