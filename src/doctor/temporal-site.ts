import type { Connection } from '@temporalio/client';
import { lazyClient, targetAt, targetFromEnvironment, type TemporalTarget } from '../temporal/client';
import { temporalProblem } from '../temporal/failure-words';
import type { ListeningPlace } from '../lib/listening-port';
import { findEmbeddedServer } from '../embedded-temporal/server';
import { serverPlaces } from '../embedded-temporal/server-address';
import { ProblemError } from '../lib/problem';
import { NotLooked } from './finding';
import type { Site } from './site';

/** Where Temporal is. */
export interface TemporalPlace {
  /** Null: Portward starts a server of its own, which does not run now. */
  readonly address: string | null;
  readonly isEmbedded: boolean;
}

/** Portward's words for what Temporal's client throws. */
export class TemporalError extends ProblemError {
  override readonly name = 'TemporalError';

  constructor(cause: unknown) {
    super(temporalProblem(cause), { cause });
  }
}

/** For a server that hangs; less than a check has. */
const ANSWERS_WITHIN_MS = 5_000;

/** The Temporal server, as several checks look at it. */
export class TemporalSite {
  private found: Promise<TemporalPlace & { readonly target: TemporalTarget | null }> | null = null;
  private made: Connection | null = null;
  private askedForVersion: Promise<string> | null = null;

  constructor(private readonly site: Site) {}

  /** Of the server that Portward starts. */
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

  /** Asked for once. @throws NotLooked; TemporalError */
  version(): Promise<string> {
    this.askedForVersion ??= this.ask(({ workflowService }) => workflowService.getSystemInfo({})).then(
      ({ serverVersion }) => serverVersion,
    );
    return this.askedForVersion;
  }

  /** @throws NotLooked; TemporalError */
  async namespace(): Promise<{ readonly name: string; readonly retentionS: number }> {
    const namespace = await this.namespaceName();
    await this.answers();
    const { config } = await this.ask(({ workflowService }) => workflowService.describeNamespace({ namespace }));
    return { name: namespace, retentionS: Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) };
  }

  /** Those of the namespace, with Temporal's numbers for their types. @throws NotLooked; TemporalError */
  async searchAttributes(): Promise<Readonly<Record<string, number>>> {
    const namespace = await this.namespaceName();
    await this.namespace().catch((error: unknown) => {
      throw error instanceof NotLooked ? error : new NotLooked('the namespace has to be there first');
    });
    const { customAttributes } = await this.ask(({ operatorService }) =>
      operatorService.listSearchAttributes({ namespace }),
    );
    return customAttributes;
  }

  /** What Temporal's CLI is called with for this server and namespace. */
  async cli(): Promise<string> {
    const { address } = await this.place();
    const namespace = await this.namespaceName();
    return `temporal${address === null ? '' : ` --address ${address}`} --namespace ${namespace}`;
  }

  /** @throws NotLooked when the server's own finding says why not */
  private async answers(): Promise<void> {
    await this.version().catch((error: unknown) => {
      throw error instanceof TemporalError ? new NotLooked('the Temporal server has to answer first') : error;
    });
  }

  private async namespaceName(): Promise<string> {
    return (await this.find()).target?.namespace ?? 'default';
  }

  private async ask<T>(question: (connection: Connection) => Promise<T>): Promise<T> {
    const { target } = await this.find();
    if (target === null) throw new NotLooked('the server does not run now');
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
