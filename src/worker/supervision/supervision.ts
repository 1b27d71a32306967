import { randomUUID } from 'node:crypto';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import type { Logger } from 'pino';
import { replacementWorkflowIdPrefix, taskQueue, vpnWorkflowId } from '../../domain/names';
import type { VpnSettings } from '../../domain/settings';
import { pauseUntil, settledWithin } from '../../lib/pause';
import type { FleetSupervision } from './fleet';
import { askingTemporal } from '../../temporal/asking';
import { temporalFailure } from '../../temporal/failure-words';
import { configureSignal, handOverSignal, retireSignal } from '../../workflows/vpn/messages';
import { WORKFLOW_TASK_TIMEOUT } from '../../workflows/shared/task-timeout';
import { VERSION_IN_MEMO, WORKFLOW_VERSION } from '../../workflows/version';
import type { vpn } from '../../workflows/vpn/workflow';
import { endWithReplacements, listRunning } from './end-workflows';
import { failureOfCode } from './failure-of-code';

const CHECK_EVERY_MS = 10_000;
const RETRY_EVERY_MS = 1_000;
/** After this a server that hangs counts as unreachable. */
const ANSWER_WITHIN_MS = 10_000;
const HANDED_OVER_AT_ONCE = 8;

/**
 * Makes sure that every configured VPN has a workflow with the present settings, that no other VPN has one, and that
 * the fleet has its own. A workflow whose tasks fail again and again, for example because it can't be replayed, is
 * begun anew. An unreachable server never counts as a missing workflow.
 */
export class Supervision {
  /** Tells workflows one start of a worker from another. */
  private readonly startId = randomUUID();
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private waker = new AbortController();

  constructor(
    private readonly client: Client,
    private readonly settings: readonly VpnSettings[],
    private readonly log: Logger,
    private readonly fleet: FleetSupervision | null = null,
  ) {}

  /** Returns when each workflow was started or signalled, or the first attempt at that has failed. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.running ??= this.run(resolve);
    });
  }

  /** Checks the workflows now instead of when the next check is due. */
  checkNow(): void {
    this.waker.abort();
  }

  /**
   * Tells the workflows that this worker stops, a few at a time. A workflow that can't be told loses nothing.
   * @param isOurs whether this worker watches the VPN, or did a moment ago; a VPN that another worker watches is not told
   */
  async handOver(giveUp: AbortSignal, isOurs: (vpn: string) => boolean): Promise<void> {
    const left = this.settings.filter(({ vpn }) => isOurs(vpn)).values();
    const tell = async () => {
      for (const { instance, vpn } of left) {
        if (giveUp.aborted) return;
        const told = this.client.workflow.getHandle(vpnWorkflowId(instance, vpn)).signal(handOverSignal);
        await settledWithin(ANSWER_WITHIN_MS, told, giveUp);
      }
    };
    await Promise.all(Array.from({ length: HANDED_OVER_AT_ONCE }, tell));
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(tried: () => void): Promise<void> {
    const { signal } = this.stopping;
    let begun = false;
    let failureLogged = false;
    while (!signal.aborted) {
      this.waker = new AbortController();
      try {
        await this.asking(async () => {
          if (begun) {
            await this.restartWhereNeeded();
            await this.fleet?.restartIfNeeded();
          } else {
            await Promise.all(this.settings.map((settings) => this.begin(settings)));
            await this.fleet?.begin();
            await this.retireOthers();
          }
        });
        begun = true;
        if (failureLogged) this.log.info('Temporal answers again');
        failureLogged = false;
      } catch (error) {
        if (!failureLogged && !signal.aborted)
          this.log.error(
            { event: 'temporal unreachable' },
            `Temporal can't be asked, trying again: ${temporalFailure(error)}`,
          );
        failureLogged = true;
      }
      tried();
      await pauseUntil(begun && !failureLogged ? CHECK_EVERY_MS : RETRY_EVERY_MS, signal, this.waker.signal);
    }
  }

  private asking(ask: () => Promise<void>): Promise<void> {
    return askingTemporal(this.client.connection, { withinMs: ANSWER_WITHIN_MS, signal: this.stopping.signal }, ask);
  }

  /**
   * Starts the workflow, or sends the settings to the running one. That makes it observe anew, even if its last
   * observation waits for a dead worker.
   */
  private async begin(settings: VpnSettings): Promise<void> {
    const { instance, vpn: name } = settings;
    await this.client.workflow.signalWithStart<typeof vpn, [VpnSettings, string?]>('vpn', {
      workflowId: vpnWorkflowId(instance, name),
      taskQueue: taskQueue(instance),
      args: [{ settings }],
      signal: configureSignal,
      signalArgs: [settings, this.startId],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      memo: { [VERSION_IN_MEMO]: WORKFLOW_VERSION },
      staticSummary: `VPN ${name}`,
      staticDetails: 'Keeps the engines of this VPN on its forwarded port.',
    });
  }

  private async restartWhereNeeded(): Promise<void> {
    const [first] = this.settings;
    if (!first) return;
    // After a continue-as-new the VPN's children lack the replacements that began before it, so replacements are
    // listed by prefix.
    const replacements = await listRunning(this.client, replacementWorkflowIdPrefix(first.instance));
    await Promise.all(this.settings.map((settings) => this.restartIfNeeded(settings, replacements)));
  }

  /** @param replacements ids of all running replacements, of all VPNs */
  private async restartIfNeeded(settings: VpnSettings, replacements: readonly string[]): Promise<void> {
    const { instance, vpn } = settings;
    const prefix = replacementWorkflowIdPrefix(instance, vpn);
    try {
      const found = await this.client.workflow.getHandle(vpnWorkflowId(instance, vpn)).describe();
      if (found.status.name !== 'RUNNING') {
        this.log.warn(`[${vpn}] its workflow has ended (${found.status.name}), starting it again from Docker's state`);
      } else {
        const failure = await this.whyStuck(
          found,
          replacements.filter((id) => id.startsWith(prefix)),
        );
        if (failure === null) return;
        this.log.error(
          { event: 'workflow stuck' },
          `[${vpn}] its workflow can't go on, starting it again from Docker's state: ${failure}`,
        );
        const reason = `it could not go on: ${failure}`;
        await endWithReplacements(this.client, found, prefix, reason);
      }
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      this.log.warn(`[${vpn}] its workflow is gone, starting it again from Docker's state`);
    }
    await this.begin(settings);
  }

  /** Why the VPN's workflow or one of its replacements can't go on; null if all can. */
  private async whyStuck(vpn: WorkflowExecutionDescription, replacements: readonly string[]): Promise<string | null> {
    const described = await Promise.all(replacements.map((id) => this.client.workflow.getHandle(id).describe()));
    const failures = await Promise.all([vpn, ...described].map((found) => failureOfCode(this.client, found)));
    return failures.find((failure) => failure !== null) ?? null;
  }

  private async retireOthers(): Promise<void> {
    const [first] = this.settings;
    if (!first) return;
    const wanted = new Set(this.settings.map((s) => vpnWorkflowId(s.instance, s.vpn)));
    const prefix = vpnWorkflowId(first.instance, '');
    for (const workflowId of await listRunning(this.client, prefix)) {
      if (wanted.has(workflowId)) continue;
      this.log.warn(
        `[${workflowId.slice(prefix.length)}] is no longer configured: its engines are left alone from now on`,
      );
      try {
        await this.client.workflow.getHandle(workflowId).signal(retireSignal);
      } catch (error) {
        // The list lags behind: this workflow has ended already.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    }
  }
}
