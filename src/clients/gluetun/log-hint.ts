/**
 * What Gluetun 3.39 to 3.41, and its development version, write around a change of the port: each line of the component
 * `[port forwarding]` (`starting`, `port forwarded is 40648`, `writing port file …`, what the up-command prints), those of `[vpn]`
 * (`stopping`, `starting`), and `restarting VPN` of the health check, whose component differs by version.
 */
const SPEAKS_OF_THE_PORT = /\[vpn\]|restarting vpn|ports? forward(?:ed|ing)|forwarded ports?/i;
/** Of the control server, which writes a line for each question that Portward asks it: no answer may bring another question. */
const TELLS_OF_A_QUESTION = /\[http server\]/i;

/** Whether a line of the VPN container's log is a reason to look at the port now. Anyone may have written it. */
export function isPortHint(line: string): boolean {
  return SPEAKS_OF_THE_PORT.test(line) && !TELLS_OF_A_QUESTION.test(line);
}
