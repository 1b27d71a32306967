import Dockerode from 'dockerode';
import { ConfigError, loadConfig, type Config } from '../config/config';
import { withDeadline } from '../lib/deadline';
import { DockerHost } from '../clients/docker/docker-host';
import { dockerError, DockerUnreachable, NOT_DOCKER, statusCode } from '../clients/docker/docker-error';
import type { Reach } from '../clients/docker/reach/reach';
import { reachFinder } from '../worker/docker-reach';
import { NotChecked } from './finding';

type Env = Readonly<Record<string, string | undefined>>;

export interface DockerVersion {
  readonly Version: string;
  readonly Arch: string;
  /** The parts of the engine; the engine itself is the first. */
  readonly Components?: readonly { readonly Name: string }[];
}

/** Shorter than the time limit of a check, so that all checks that need Docker can report that it does not answer. */
const DOCKER_ANSWERS_WITHIN_MS = 5_000;

export interface SiteOptions {
  readonly env: Env;
  readonly folder: string;
  /** Sends a GET to a running Portward's API. @throws NoAnswer if none answers */
  readonly askPortward: (path: string) => Promise<unknown>;
  /** Replaces the Docker that the environment names. */
  readonly dockerode?: Dockerode;
}

/** The set-up that is checked. Facts that several checks need are read once. */
export class Site {
  /** Null: the configuration has mistakes. */
  readonly config: Config | null;
  /** Mistakes in the configuration. */
  readonly mistakes: readonly string[];
  readonly dockerode: Dockerode;
  readonly docker: DockerHost;
  private asked: Promise<DockerVersion | null> | null = null;

  readonly env: Env;
  /** The folder in which Portward is started, with its `.env`. */
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

  /** @throws NotChecked */
  get settings(): Config {
    if (this.config === null) throw new NotChecked('the configuration has to be right first');
    return this.config;
  }

  /**
   * Docker's version; null if a filtering proxy hides it.
   * @throws DockerUnreachable, also if another program answers
   */
  version(): Promise<DockerVersion | null> {
    this.asked ??= withDeadline(DOCKER_ANSWERS_WITHIN_MS, new AbortController().signal, () => this.askVersion()).catch(
      (error: unknown) => {
        throw dockerError(error);
      },
    );
    return this.asked;
  }

  private async askVersion(): Promise<DockerVersion | null> {
    try {
      const answer: unknown = await this.dockerode.version();
      if (isVersion(answer)) return answer;
    } catch (error) {
      const status = statusCode(error);
      if (status === null) throw error;
      if (REFUSALS.has(status)) return null;
    }
    throw new DockerUnreachable(
      `what answers at ${this.env['DOCKER_HOST'] || 'its socket'} is not Docker Engine`,
      NOT_DOCKER,
    );
  }

  readonly reach = (): Promise<Reach> => {
    this.findReach ??= reachFinder(this.settings, this.docker);
    return this.findReach();
  };
  private findReach: (() => Promise<Reach>) | null = null;
}

/**
 * Statuses with which a filtering proxy refuses a call. Docker itself never answers a question for its version with
 * them.
 */
const REFUSALS = new Set([401, 403, 405]);

function isVersion(answer: unknown): answer is DockerVersion {
  return typeof answer === 'object' && answer !== null && 'Version' in answer && typeof answer.Version === 'string';
}

function configuration(env: Env): { readonly config: Config | null; readonly mistakes: readonly string[] } {
  try {
    return { config: loadConfig(env), mistakes: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { config: null, mistakes: error.mistakes };
  }
}
