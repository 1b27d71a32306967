import Dockerode from 'dockerode';
import { ConfigError, loadConfig, type Config } from '../config/config';
import { DockerHost } from '../clients/docker/docker-host';
import { dockerError, statusCode } from '../clients/docker/docker-error';
import type { Reach } from '../clients/docker/reach/reach';
import { reachFinder } from '../worker/docker-reach';
import { NotLooked } from './finding';

type Env = Readonly<Record<string, string | undefined>>;

export interface DockerVersion {
  readonly Version: string;
  readonly Arch: string;
}

export interface SiteOptions {
  readonly env: Env;
  readonly folder: string;
  /** A GET of a running Portward's API. @throws NoAnswer when nobody is there */
  readonly askPortward: (path: string) => Promise<unknown>;
  /** In place of the one that the environment names. */
  readonly dockerode?: Dockerode;
}

/** What checks look at. What several of them need is asked for once. */
export class Site {
  /** Null: it has mistakes. */
  readonly config: Config | null;
  /** What is wrong with the configuration. */
  readonly mistakes: readonly string[];
  readonly dockerode: Dockerode;
  readonly docker: DockerHost;
  private asked: Promise<DockerVersion | null> | null = null;

  readonly env: Env;
  /** Where Portward is started, and finds its `.env`. */
  readonly folder: string;
  readonly askPortward: SiteOptions['askPortward'];

  constructor({ env, folder, askPortward, dockerode = new Dockerode() }: SiteOptions) {
    this.env = env;
    this.folder = folder;
    this.askPortward = askPortward;
    const { config, mistakes } = configuration(env);
    this.config = config;
    this.mistakes = mistakes;
    this.dockerode = dockerode;
    this.docker = new DockerHost(dockerode);
  }

  /** @throws NotLooked */
  get settings(): Config {
    if (this.config === null) throw new NotLooked('the configuration has to be right first');
    return this.config;
  }

  /** Null where a filtering proxy keeps it back. @throws DockerUnreachable */
  version(): Promise<DockerVersion | null> {
    this.asked ??= this.dockerode.version().catch((error: unknown) => {
      if (statusCode(error) === null) throw dockerError(error);
      return null;
    });
    return this.asked;
  }

  readonly reach = (): Promise<Reach> => {
    this.findReach ??= reachFinder(this.settings, this.docker);
    return this.findReach();
  };
  private findReach: (() => Promise<Reach>) | null = null;
}

function configuration(env: Env): { readonly config: Config | null; readonly mistakes: readonly string[] } {
  try {
    return { config: loadConfig(env), mistakes: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { config: null, mistakes: error.mistakes };
  }
}
