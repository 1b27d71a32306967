/**
 * Matches what Gluetun 3.39 to 3.41, and its development version, log around a port change: lines of the component
 * `[port forwarding]` (`starting`, `port forwarded is 40648`, `writing port file …`, the output of the up-command),
 * lines of `[vpn]` (`stopping`, `starting`), and `restarting VPN` of the health check, whose component differs by
 * version.
 */
const ABOUT_THE_PORT = /\[vpn\]|restarting vpn|ports? forward(?:ed|ing)|forwarded ports?/i;
/** Lines of the control server, which logs each of Portward's questions: they must not lead to another question. */
const ABOUT_A_REQUEST = /\[http server\]/i;

/** Whether a line of the VPN container's log is a reason to read the port now. Anybody may have written the line. */
export function isPortHint(line: string): boolean {
  return ABOUT_THE_PORT.test(line) && !ABOUT_A_REQUEST.test(line);
}
