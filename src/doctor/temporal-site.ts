import type { Connection } from '@temporalio/client';
import { lazyClient, targetAt, targetFromEnvironment, type TemporalTarget } from '../temporal/client';
import { temporalProblem } from '../temporal/failure-words';
import type { ListeningPlace } from '../lib/listening-port';
import { findEmbeddedServer } from '../embedded-temporal/server';
import { serverPlaces } from '../embedded-temporal/server-address';
import { ProblemError } from '../lib/problem';
import { NotChecked } from './finding';
import type { Site } from './site';

/** Which Temporal server is used. */
export interface TemporalPlace {
  /** Null: Portward starts its own server, which does not run now. */
  readonly address: string | null;
  readonly isEmbedded: boolean;
}

/** An error of Temporal's client in Portward's words. */
export class TemporalError extends ProblemError {
  override readonly name = 'TemporalError';

  constructor(cause: unknown) {
    super(temporalProblem(cause), { cause });
  }
}

/** Time limit for a server that hangs. Shorter than that of a check. */
const ANSWERS_WITHIN_MS = 5_000;

/** The Temporal server, for several checks. */
export class TemporalSite {
  private found: Promise<TemporalPlace & { readonly target: TemporalTarget | null }> | null = null;
  private made: Connection | null = null;
  private askedForVersion: Promise<string> | null = null;

  constructor(private readonly site: Site) {}

  /** Addresses of the server that Portward starts. */
  ports(): ListeningPlace[] {
    return serverPlaces(this.site.settings.temporal);
  }

  async isRunning(): Promise<boolean> {
    return (await this.find()).target !== null;
  }

  async place(): Promise<TemporalPlace> {
    const { address, isEmbedded } = await this.find();
    return { address, isEmbedded };
  }

  /** Read once. @throws NotChecked; TemporalError */
  version(): Promise<string> {
    this.askedForVersion ??= this.ask(({ workflowService }) => workflowService.getSystemInfo({})).then(
      ({ serverVersion }) => serverVersion,
    );
    return this.askedForVersion;
  }

  /** @throws NotChecked; TemporalError */
  async namespace(): Promise<{ readonly name: string; readonly retentionS: number }> {
    const namespace = await this.namespaceName();
    await this.answers();
    const { config } = await this.ask(({ workflowService }) => workflowService.describeNamespace({ namespace }));
    return { name: namespace, retentionS: Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) };
  }

  /** The namespace's search attributes, with Temporal's numbers for their types. @throws NotChecked; TemporalError */
  async searchAttributes(): Promise<Readonly<Record<string, number>>> {
    const namespace = await this.namespaceName();
    await this.namespace().catch((error: unknown) => {
      throw error instanceof NotChecked ? error : new NotChecked('the namespace has to be there first');
    });
    const { customAttributes } = await this.ask(({ operatorService }) =>
      operatorService.listSearchAttributes({ namespace }),
    );
    return customAttributes;
  }

  /** The command line of Temporal's CLI for this server and namespace. */
  async cli(): Promise<string> {
    const { address } = await this.place();
    const namespace = await this.namespaceName();
    return `temporal${address === null ? '' : ` --address ${address}`} --namespace ${namespace}`;
  }

  /** @throws NotChecked if the server does not answer, which has a finding of its own */
  private async answers(): Promise<void> {
    await this.version().catch((error: unknown) => {
      throw error instanceof TemporalError ? new NotChecked('the Temporal server has to answer first') : error;
    });
  }

  private async namespaceName(): Promise<string> {
    return (await this.find()).target?.namespace ?? 'default';
  }

  private async ask<T>(question: (connection: Connection) => Promise<T>): Promise<T> {
    const { target } = await this.find();
    if (target === null) throw new NotChecked('the server does not run now');
    this.made ??= lazyClient(target).connection;
    const connection = this.made;
    try {
      return await connection.withDeadline(Date.now() + ANSWERS_WITHIN_MS, () => question(connection));
    } catch (error) {
      throw new TemporalError(error);
    }
  }

  private find(): Promise<TemporalPlace & { readonly target: TemporalTarget | null }> {
    this.found ??= this.look();
    return this.found;
  }

  private async look(): Promise<TemporalPlace & { readonly target: TemporalTarget | null }> {
    const { temporal, dataDir } = this.site.settings;
    if (temporal.address !== null)
      return { address: temporal.address, isEmbedded: false, target: targetFromEnvironment() };
    const embedded = await findEmbeddedServer(dataDir);
    if (embedded === undefined) return { address: null, isEmbedded: true, target: null };
    return { address: embedded.address, isEmbedded: true, target: targetAt(embedded.address) };
  }
}
