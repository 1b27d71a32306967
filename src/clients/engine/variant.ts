import type { Port } from '../../domain/engine';
import type { HealthProbe } from './engine-probe';

/** The ports and the VPN of one engine. A plain engine has no P2P port: null. */
export interface EngineOnPorts {
  readonly vpn: string;
  readonly http: Port;
  readonly https: Port;
  readonly p2p: Port | null;
}

/**
 * A kind of engine: its image, how the engine is told its ports, and what counts as its answer. Texts of `env`,
 * `forwardedEnv`, `command` and `volumes` may hold the placeholders below. A plain engine has no P2P port, so every
 * variable, volume and word of the command with that placeholder is left out, and an option whose value is just the
 * placeholder as well.
 */
export interface Variant {
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  /** Added for a forwarded engine only, where it overrides `env`. */
  readonly forwardedEnv: Readonly<Record<string, string>>;
  /** Null: the command of the image. */
  readonly command: readonly string[] | null;
  /** As `docker run --volume` takes them. */
  readonly volumes: readonly string[];
  readonly health: HealthProbe;
  /** Whether the engine can be asked if it reaches its network, as AceStream can. */
  readonly connectionStatus: boolean;
  /**
   * A new engine starts only once the engine that it replaces is gone, for example because both would write to one
   * volume.
   */
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

/** The parts of a container that depend on its engine's variant and ports. */
export interface EngineProcess {
  /** In Docker's form, `NAME=value`. */
  readonly env: string[];
  readonly command: string[] | null;
  readonly volumes: string[];
}

/**
 * @param callerEnv overrides the variant's; placeholders are filled in there as well, since callers don't know the
 * ports
 */
export function engineProcess(
  variant: Variant,
  engine: EngineOnPorts,
  callerEnv: Readonly<Record<string, string>>,
): EngineProcess {
  const isForwarded = engine.p2p !== null;
  const applies = (text: string) => isForwarded || !text.includes(P2P_PORT);
  // A map, because a variable may have the name of a property of every object, such as `constructor`.
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
