import { notForwarding } from '../../../domain/vpn/problems';
import { forwardingSettings, type ForwardingSettings } from '../../../clients/gluetun/container-environment';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import type { VpnSite } from '../../vpn-site';

export function portForwarding(vpn: VpnSite): Check {
  return {
    id: 'vpn.port-forwarding',
    title: 'port forwarding',
    vpn: vpn.name,
    look: async (signal) => {
      const settings = forwardingSettings((await vpn.container()).Config.Env ?? []);
      const answer = await vpn.port(signal).catch(() => null);
      return judgeForwarding(settings, answer?.kind === 'known');
    },
  };
}

const NO_PORT = 'there is no forwarded port, and no engine that others can reach';

/** @param hasPort the control server reports a forwarded port anyway, as one that is not Gluetun may */
export function judgeForwarding({ setting, meant, provider }: ForwardingSettings, hasPort: boolean): Finding {
  if (setting === null) {
    const found = meant === null ? 'VPN_PORT_FORWARDING is not set' : `it has ${meant}, which Gluetun does not know`;
    if (hasPort) return ok(`${found}, and the VPN has a forwarded port all the same`);
    const { what, todo } = notForwarding(found);
    return wrong(what, NO_PORT, todo);
  }
  const { name, value, is } = setting;
  const { todo } = notForwarding('');
  if (is === 'off') return wrong(`${name} is ${value}`, NO_PORT, todo);
  if (is === 'unclear')
    return wrong(`${name} is '${value}', which Gluetun does not accept`, 'Gluetun does not start with it', todo);
  if (provider !== null && !FORWARDING_PROVIDERS.has(provider))
    return warning(
      `${name} is on, with the provider '${provider}'`,
      `Gluetun forwards ports with ${[...FORWARDING_PROVIDERS].join(', ')} only, and does not start with another one`,
      "use one of these; with the provider 'custom' set VPN_PORT_FORWARDING_PROVIDER to the one whose server you use",
    );
  return ok(
    name === 'VPN_PORT_FORWARDING' ? `${name} is on` : `${name} is on; newer releases call it VPN_PORT_FORWARDING`,
  );
}

/** From internal/configuration/settings/portforward.go of Gluetun v3.41. */
const FORWARDING_PROVIDERS = new Set(['perfect privacy', 'private internet access', 'privatevpn', 'protonvpn']);
