import { GluetunError, NoPortForwarded, type VpnStatus } from '../../clients/gluetun/client';

/** It must not hold up the next read of the port for long. */
const STATUS_WITHIN_MS = 1_000;

/** Why there is no port, if the control server tells: a VPN that is stopped inside its container has none, and is no lost port. */
export async function whyNoPort(
  error: NoPortForwarded,
  vpnStatus: (withinMs: number) => Promise<VpnStatus>,
): Promise<NoPortForwarded> {
  try {
    const status = await vpnStatus(STATUS_WITHIN_MS);
    return status === 'stopped' ? new NoPortForwarded('the VPN inside the container is stopped', true) : error;
  } catch (failure) {
    // A role that lacks this route is for its owner to mend.
    const isRefused = failure instanceof GluetunError && failure.failure === 'unauthorized';
    if (!isRefused) return error;
    const { what, todo } = failure.problem;
    return new NoPortForwarded({
      what: `${error.message}; whether the VPN is stopped can't be read: ${what}`,
      todo,
    });
  }
}
