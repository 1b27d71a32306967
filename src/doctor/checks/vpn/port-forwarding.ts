import { forwardingSettings, type ForwardingSettings } from '../../../gluetun/container-environment';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import type { VpnSite } from '../../vpn-site';

export function portForwarding(vpn: VpnSite): Check {
  return {
    id: 'vpn.port-forwarding',
    title: 'port forwarding',
    vpn: vpn.name,
    look: async () => judgeForwarding(forwardingSettings((await vpn.container()).Config.Env ?? [])),
  };
}

const ADVICE = "set VPN_PORT_FORWARDING=on in the environment of the VPN's container, and make it anew";
const NO_PORT = 'there is no forwarded port, and no engine that others can reach';

export function judgeForwarding({ setting, meant, provider }: ForwardingSettings): Finding {
  if (setting === null) {
    if (meant !== null) return wrong(`it has ${meant}, which Gluetun does not know`, NO_PORT, ADVICE);
    return wrong('VPN_PORT_FORWARDING is not set', NO_PORT, ADVICE);
  }
  const { name, value, is } = setting;
  if (is === 'off') return wrong(`${name} is ${value}`, NO_PORT, ADVICE);
  if (is === 'unclear')
    return wrong(`${name} is '${value}', which Gluetun does not take`, 'Gluetun does not start with it', ADVICE);
  if (provider !== null && !FORWARDING_PROVIDERS.has(provider))
    return warning(
      `${name} is on, with the provider '${provider}'`,
      `Gluetun forwards ports with ${[...FORWARDING_PROVIDERS].join(', ')} only, and does not start with another one`,
      "use one of these; with the provider 'custom' set VPN_PORT_FORWARDING_PROVIDER to that of them whose server it is",
    );
  return ok(
    name === 'VPN_PORT_FORWARDING' ? `${name} is on` : `${name} is on; newer releases call it VPN_PORT_FORWARDING`,
  );
}

/** Gluetun v3.41: internal/configuration/settings/portforward.go. */
const FORWARDING_PROVIDERS = new Set(['perfect privacy', 'private internet access', 'privatevpn', 'protonvpn']);
