import { pendingName, type PublicReplacement, type Target } from '../../domain/replacement';
import type { BlockedReasonJson, ProvisionedJson, RefusalJson } from '../schemas/provisioning';

export type ProvisioningOutcome =
  | { readonly kind: 'engine'; readonly engine: ProvisionedJson }
  /** `status` 503: not now, or not yet; 500: the attempt failed. */
  | { readonly kind: 'refused'; readonly status: 500 | 503; readonly refusal: RefusalJson }
  | { readonly kind: 'invalid'; readonly detail: string };

export function provisioned({ made, newEngine, target }: PublicReplacement): ProvisionedJson | null {
  const container = newEngine ?? made;
  return container && target && provisionedJson(container, target);
}

/**
 * An engine whose container is not known to exist yet: the host is busy, but nothing keeps the container from being created. Its ports and
 * its name are decided already, and the name is accepted in place of the id. Proxies use the port, and accept no other answer than 200.
 */
export function announcedEngine(vpn: string, replacement: PublicReplacement): ProvisionedJson | null {
  const { target, lastError, heldUntil } = replacement;
  const name = pendingName(vpn, replacement);
  if (name === null || target === null || target.waitFor.length > 0) return null;
  return lastError === null && heldUntil === null ? provisionedJson({ id: name, name }, target) : null;
}

function provisionedJson(
  container: { readonly id: string; readonly name: string },
  target: Pick<Target, 'httpPort' | 'httpsPort'>,
): ProvisionedJson {
  return {
    container_id: container.id,
    container_name: container.name,
    host_http_port: target.httpPort,
    container_http_port: target.httpPort,
    container_https_port: target.httpsPort,
  };
}

export function failure(message: string, wait: boolean): BlockedReasonJson {
  return { code: 'general_error', message, recovery_eta_seconds: null, can_retry: true, should_wait: wait };
}

/** `error` agrees with the status, because some proxies see only the body: 503 is `provisioning_blocked`, as a repeat may succeed. */
export function refused(status: 500 | 503, reason: BlockedReasonJson): ProvisioningOutcome {
  const error = status === 503 ? 'provisioning_blocked' : 'provisioning_failed';
  return { kind: 'refused', status, refusal: { error, ...reason } };
}
