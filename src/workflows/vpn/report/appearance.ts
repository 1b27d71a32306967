import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { breakerState } from '../../../domain/vpn/breaker';
import type { Instant } from '../../../domain/engine';
import { isHealthy } from '../../../domain/vpn/observation';
import type { Replacement } from '../../../domain/replacement';
import { breakerKeys } from '../decide/breaker';
import { listing } from '../views/listing';
import { problemOf } from './problems';
import { trialAt } from '../requests/provisioning-allowance';
import { searchAttribute } from './search-attributes';
import { runningReplacements, validPort, type VpnData } from '../data';

// How a VPN's workflow appears in the Temporal UI.

/** One line for a replacement, for example `gluetun: 65290 → 40648, port changed`. */
export function summary(
  vpn: string,
  replacement: Pick<Replacement, 'oldPort' | 'target' | 'cause' | 'reason' | 'old'>,
): string {
  const { oldPort, target, cause, reason, old } = replacement;
  const from = old.length === 0 ? 'none' : (oldPort ?? 'plain');
  const to = target === null ? 'none' : (target.p2pPort ?? 'plain');
  return `${vpn}: ${from} → ${to}, ${cause}${reason ? ` (${asText(reason.slice(0, 80))})` : ''}`;
}

/** One word for the VPN's condition. */
export function condition(data: VpnData): 'starting' | 'absent' | 'unhealthy' | 'replacing' | 'forwarding' | 'no port' {
  if (data.snapshot === null) return 'starting';
  if (data.snapshot.vpn.kind === 'absent') return 'absent';
  if (!isHealthy(data.snapshot.vpn)) return 'unhealthy';
  if (runningReplacements(data).length > 0) return 'replacing';
  return data.port.last === null || data.port.unknownSince !== null ? 'no port' : 'forwarding';
}

/** Escapes Markdown, which the UI renders: texts of engines and control servers may contain links, and pictures that it would fetch. */
function asText(words: string): string {
  return words.replaceAll(/[\\`*[\]<>|]/g, '\\$&').replaceAll('://', ':\\//');
}

/** The workflow's current details: a small table in Markdown. */
export function describeVpn(data: VpnData, now: Instant): string {
  const problem = problemOf(data);
  const rows = (listing(data, now) ?? []).map(
    (e) =>
      `| ${e.name} | ${e.httpPort} | ${e.forwarded ? `${e.p2pPort} (forwarded)` : (e.p2pPort ?? '–')} | ${e.health} |`,
  );
  const work = runningReplacements(data).map(
    (r) =>
      `- ${r.id}: ${r.cause}${r.lastError === null ? '' : `, failed ${r.failedAttempts} times: ${asText(r.lastError)}`}`,
  );
  return [
    `**${data.settings.vpn}**: ${condition(data)}, forwarded port ${validPort(data, now) ?? 'unknown'}`,
    ...(problem === null ? [] : [`\n**Problem:** ${asText(problem)}`]),
    ...(data.port.reason === null ? [] : [`\nPort can't be read: ${asText(data.port.reason)}`]),
    ...(data.remedies.running === null ? [] : [`\nAt work: ${data.remedies.running.kind}`]),
    ...breakerLines(data, now),
    '\n| engine | HTTP port | P2P port | health |\n| --- | --- | --- | --- |',
    ...rows,
    ...(work.length === 0 ? [] : ['\nReplacements at work:', ...work]),
  ].join('\n');
}

function breakerLines(data: VpnData, now: Instant): string[] {
  return breakerKeys.flatMap((key) => {
    const trial = trialAt(data, key);
    if (trial === null) return [];
    const state = breakerState(trial, now).replace('_', ' ');
    const at = new Date(trial).toISOString();
    return [`\n**Circuit breaker (${key.kind}) of ${key.role} engines:** ${state}, next trial ${at}`];
  });
}

const vpnKey = defineSearchAttributeKey(searchAttribute.vpn, SearchAttributeType.KEYWORD);
const portKey = defineSearchAttributeKey(searchAttribute.port, SearchAttributeType.INT);
const stateKey = defineSearchAttributeKey(searchAttribute.state, SearchAttributeType.KEYWORD);

/** Sets changed search attributes: each upsert is a history event. Only those that the namespace has: others would stop the workflow. */
export function publishSearchAttributes(data: VpnData, now: Instant): void {
  const permitted = new Set(data.settings.searchAttributes);
  const has = workflowInfo().typedSearchAttributes;
  const port = validPort(data, now);
  const state = condition(data);
  const changes = [];
  if (permitted.has(vpnKey.name) && has.get(vpnKey) !== data.settings.vpn)
    changes.push({ key: vpnKey, value: data.settings.vpn });
  if (permitted.has(portKey.name) && (has.get(portKey) ?? null) !== port) changes.push({ key: portKey, value: port });
  if (permitted.has(stateKey.name) && has.get(stateKey) !== state) changes.push({ key: stateKey, value: state });
  if (changes.length > 0) upsertSearchAttributes(changes);
}
