import { GluetunError, NoPortForwarded, type VpnStatus } from '../../clients/gluetun/client';

/** Short, because the next read of the port waits for it. */
const STATUS_WITHIN_MS = 1_000;

/**
 * Adds why there is no port, if the control server tells: a VPN that was stopped inside its container has none, and
 * its port does not count as lost.
 */
export async function whyNoPort(
  error: NoPortForwarded,
  vpnStatus: (withinMs: number) => Promise<VpnStatus>,
): Promise<NoPortForwarded> {
  try {
    const status = await vpnStatus(STATUS_WITHIN_MS);
    return status === 'stopped' ? new NoPortForwarded('the VPN inside the container is stopped', true) : error;
  } catch (failure) {
    // If the credentials don't allow this route, the user has to be told.
    const isRefused = failure instanceof GluetunError && failure.failure === 'unauthorized';
    if (!isRefused) return error;
    const { what, todo } = failure.problem;
    return new NoPortForwarded({
      what: `${error.message}; whether the VPN is stopped can't be read: ${what}`,
      todo,
    });
  }
}
