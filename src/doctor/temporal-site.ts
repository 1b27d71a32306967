import type { Connection } from '@temporalio/client';
import { lazyClient, targetAt, targetFromEnvironment, type TemporalTarget } from '../temporal/client';
import { temporalFailure } from '../temporal/failure-words';
import { findEmbeddedServer } from '../temporal/server';
import { NotLooked } from './finding';
import type { Site } from './site';

/** Where Temporal is. */
export interface TemporalPlace {
  /** Null: Portward starts a server of its own, which does not run now. */
  readonly address: string | null;
  readonly isEmbedded: boolean;
}

/** For a server that hangs; less than a check has. */
const ANSWERS_WITHIN_MS = 5_000;

/** The Temporal server, as several checks look at it. */
export class TemporalSite {
  private found: Promise<TemporalPlace & { readonly target: TemporalTarget | null }> | null = null;
  private made: Connection | null = null;

  constructor(private readonly site: Site) {}

  async isRunning(): Promise<boolean> {
    return (await this.find()).target !== null;
  }

  async place(): Promise<TemporalPlace> {
    const { address, isEmbedded } = await this.find();
    return { address, isEmbedded };
  }

  /** @throws NotLooked; Portward's words for what Temporal's client throws */
  async version(): Promise<string> {
    const info = await this.ask(({ workflowService }) => workflowService.getSystemInfo({}));
    return info.serverVersion;
  }

  /** @throws NotLooked; Portward's words for what Temporal's client throws */
  async namespace(): Promise<{ readonly name: string; readonly retentionS: number }> {
    const namespace = await this.namespaceName();
    const { config } = await this.ask(({ workflowService }) => workflowService.describeNamespace({ namespace }));
    return { name: namespace, retentionS: Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) };
  }

  /** Those of the namespace, with Temporal's numbers for their types. @throws NotLooked; Portward's words for what Temporal's client throws */
  async searchAttributes(): Promise<Readonly<Record<string, number>>> {
    const namespace = await this.namespaceName();
    const { customAttributes } = await this.ask(({ operatorService }) =>
      operatorService.listSearchAttributes({ namespace }),
    );
    return customAttributes;
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
      throw new Error(temporalFailure(error), { cause: error });
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
