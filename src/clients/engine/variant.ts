import type { Port } from '../../domain/engine';
import type { HealthProbe } from './engine-probe';

/** What an engine is told. A null P2P port: it is a plain one. */
export interface EngineOnPorts {
  readonly vpn: string;
  readonly http: Port;
  readonly https: Port;
  readonly p2p: Port | null;
}

/**
 * A kind of engine: its image, how that is told its ports, and how it is known that it answers. Texts of `env`,
 * `forwardedEnv`, `command` and `volumes` may hold the placeholders below. On a plain engine, which has no P2P port,
 * whatever names that is left out: the variable, the volume, the word, and the option before a word that is nothing else.
 */
export interface Variant {
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  /** Added on a forwarded engine only, where it wins over `env`. */
  readonly forwardedEnv: Readonly<Record<string, string>>;
  /** Null: the image's own. */
  readonly command: readonly string[] | null;
  /** As `docker run --volume` takes them. */
  readonly volumes: readonly string[];
  readonly health: HealthProbe;
  /** Whether it can be asked if it reaches its network, as AceStream can. */
  readonly connectionStatus: boolean;
  /** It starts when the one whose place it takes is gone, for example because both would write to one volume. */
  readonly oneAtATime: boolean;
}

const PLACEHOLDERS: Readonly<Record<string, (engine: EngineOnPorts) => string>> = {
  HTTP_PORT: ({ http }) => String(http),
  HTTPS_PORT: ({ https }) => String(https),
  P2P_PORT: ({ p2p }) => String(p2p ?? ''),
  VPN: ({ vpn }) => vpn,
};
const P2P_PORT = '{{P2P_PORT}}';

export const placeholders: readonly string[] = Object.keys(PLACEHOLDERS).map((name) => `{{${name}}}`);

function filled(text: string, engine: EngineOnPorts): string {
  return text.replace(/\{\{([A-Z0-9_]+)\}\}/g, (whole, name: string) => PLACEHOLDERS[name]?.(engine) ?? whole);
}

/** What of a container follows from its engine's variant and ports. */
export interface EngineProcess {
  /** As Docker takes it, `NAME=value`. */
  readonly env: string[];
  readonly command: string[] | null;
  readonly volumes: string[];
}

/** @param callerEnv wins over the variant's; placeholders are filled in there too, since no caller knows the ports */
export function engineProcess(
  variant: Variant,
  engine: EngineOnPorts,
  callerEnv: Readonly<Record<string, string>>,
): EngineProcess {
  const isForwarded = engine.p2p !== null;
  const applies = (text: string) => isForwarded || !text.includes(P2P_PORT);
  // A map, because a name may be one that objects have of their own.
  const env = new Map<string, string>();
  for (const given of [variant.env, isForwarded ? variant.forwardedEnv : {}, callerEnv]) {
    for (const [name, value] of Object.entries(given)) if (applies(value)) env.set(name, filled(value, engine));
  }
  const command = variant.command?.filter((word, at, words) => {
    const isOptionOfNext = word.startsWith('-') && words[at + 1] === P2P_PORT;
    return applies(word) && (isForwarded || !isOptionOfNext);
  });
  return {
    env: [...env].map(([name, value]) => `${name}=${value}`),
    command: command?.map((word) => filled(word, engine)) ?? null,
    volumes: variant.volumes.filter(applies).map((volume) => filled(volume, engine)),
  };
}
