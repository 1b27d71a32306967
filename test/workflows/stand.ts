import { setTimeout as sleep } from 'node:timers/promises';
import { defaultPayloadConverter } from '@temporalio/common';
import {
  QueryNotRegisteredError,
  type Client,
  type WorkflowHandle,
  type WorkflowStartOptions,
} from '@temporalio/client';
import type { ListedEngine } from '../../src/domain/engine';
import { vpnWorkflowId } from '../../src/domain/names';
import type { ListsView } from '../../src/domain/vpn/listing';
import type { ObservedEngine } from '../../src/domain/vpn/observation';
import type { PoolState, PoolReport } from '../../src/domain/fleet/pool';
import type { VpnSettings } from '../../src/domain/settings';
import type { Stream } from '../../src/domain/streams/stream';
import { reportedSignal } from '../../src/workflows/fleet/messages';
import { ASK_AGAIN, listsQuery, memoryQuery } from '../../src/workflows/vpn/messages';
import type { vpn } from '../../src/workflows/vpn/workflow';
import type { VpnData } from '../../src/workflows/vpn/data';
import { until } from '../simulator/until';
import { workflowsOf } from './histories';
import { MemoryHost } from './memory-host';

/** One VPN's workflow, and the host on which its activities act. */
export class VpnStand extends MemoryHost {
  constructor(
    private readonly client: Client,
    readonly settings: VpnSettings,
    /** The one of the worker that carries out its workflows. */
    readonly taskQueue: string,
  ) {
    super();
  }

  get workflowId(): string {
    return vpnWorkflowId(this.settings.instance, this.settings.vpn);
  }

  get handle(): WorkflowHandle<typeof vpn> {
    return this.client.workflow.getHandle<typeof vpn>(this.workflowId);
  }

  async start(options: Pick<WorkflowStartOptions, 'workflowTaskTimeout'> = {}): Promise<void> {
    await this.client.workflow.start<typeof vpn>('vpn', {
      ...options,
      workflowId: this.workflowId,
      taskQueue: this.taskQueue,
      args: [{ settings: this.settings }],
    });
  }

  /** With a forwarded engine that exists already and is adopted, since making one would double the start time of a test. */
  async startForwarded(): Promise<VpnData> {
    const { port } = this;
    if (port.kind !== 'known') throw new Error('expected a port that is known');
    this.addForwarded(port.port);
    await this.start();
    return this.untilForwarded(port.port);
  }

  state(): Promise<VpnData> {
    return asked(() => this.handle.query(memoryQuery));
  }

  /** Queries engines and streams as the API does. */
  lists(
    known: { engines: string | null; streams: string | null } = { engines: null, streams: null },
  ): Promise<ListsView> {
    return asked(() => this.handle.query(listsQuery, known));
  }

  async listed(): Promise<readonly ListedEngine[]> {
    const { engines } = await this.lists();
    return engines.unchanged ? [] : (engines.value.listed ?? []);
  }

  async streams(): Promise<readonly Stream[]> {
    const { streams } = await this.lists();
    return streams.unchanged ? [] : streams.value;
  }

  /** Resolves to the state, once it fulfils the condition. */
  untilState(what: string, holds: (state: VpnData) => boolean, limitMs = 60_000): Promise<VpnData> {
    return until(
      what,
      async () => {
        const state = await this.state();
        return holds(state) ? state : null;
      },
      limitMs,
    );
  }

  /** The reports of its present run to the fleet, oldest first. */
  async reports(): Promise<PoolState[]> {
    const { events } = await this.handle.fetchHistory();
    return (events ?? []).flatMap(({ signalExternalWorkflowExecutionInitiatedEventAttributes: signal }) => {
      const payload = signal?.signalName === reportedSignal.name ? signal.input?.payloads?.[0] : null;
      return payload ? [defaultPayloadConverter.fromPayload<PoolReport>(payload).facts] : [];
    });
  }

  /** The workflow has taken the signal in, and has no pending activity. */
  async untilSignalled(workflowId: string, { name }: { readonly name: string }): Promise<void> {
    const handle = this.client.workflow.getHandle(workflowId);
    await until(`the signal ${name}`, async () => {
      const { events } = await handle.fetchHistory();
      const names = (events ?? []).map((e) => e.workflowExecutionSignaledEventAttributes?.signalName);
      const { raw } = await handle.describe();
      return names.includes(name) && !raw.pendingWorkflowTask && (raw.pendingActivities ?? []).length === 0;
    });
  }

  async untilForwarded(port: number, limitMs?: number): Promise<VpnData> {
    // The host is asked first, since a query costs the server and the worker a task.
    const isOn = ({ p2pPort, health }: ObservedEngine) => p2pPort === port && health === 'healthy';
    await until(`an engine on ${port} that answers`, () => [...this.engines.values()].some(isOn), limitMs);
    return this.untilState(
      `a forwarded engine on ${port}`,
      (s) => s.engines.some((e) => e.p2pPort === port && e.ready),
      limitMs,
    );
  }

  untilQuiet(limitMs?: number): Promise<VpnData> {
    return this.untilState(
      'no replacement at work',
      (s) => s.replacements.every((r) => r.state !== 'running'),
      limitMs,
    );
  }

  /** Terminates all workflows of this stand. */
  async terminate(): Promise<void> {
    // A run that has just begun may be missing in the list.
    await this.handle.terminate().catch(() => {});
    const { workflow } = this.client;
    const query = `(${workflowsOf(this.settings.instance)}) AND ExecutionStatus = 'Running'`;
    for await (const { workflowId } of workflow.list({ query })) {
      await workflow
        .getHandle(workflowId)
        .terminate()
        .catch(() => {});
    }
  }
}

/** Repeats a query when the workflow asks for that, as the API does. */
async function asked<T>(query: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await query();
    } catch (error) {
      if (!(error instanceof QueryNotRegisteredError && error.message.includes(ASK_AGAIN))) throw error;
      await sleep(20);
    }
  }
}
