import { ProblemError, type Problem } from '../../lib/problem';

/**
 * The reason in one word, for metrics. `error`: a status other than success; `garbage`: an answer that can't be
 * understood; `none`: a clear answer that there is no port.
 */
export type PortReadFailure = 'none' | 'unauthorized' | 'timeout' | 'unreachable' | 'error' | 'garbage';

/** A control server could not be asked, or gave no clear answer. The message holds no secret. */
export class GluetunError extends ProblemError {
  constructor(
    problem: Problem | string,
    readonly failure: PortReadFailure = 'garbage',
  ) {
    super(problem);
    this.name = 'GluetunError';
  }
}

/** The control server says clearly that there is no port right now. Every port change goes through that state. */
export class NoPortForwarded extends GluetunError {
  /** @param stopped the reason is that the VPN inside the container is stopped */
  constructor(
    problem: Problem | string = 'the control server says that no port is forwarded right now',
    readonly stopped = false,
  ) {
    super(problem, 'none');
    this.name = 'NoPortForwarded';
  }
}

/** The request was refused or never arrived: nothing has changed at the VPN. */
export class NotAccepted extends GluetunError {
  constructor(problem: Problem | string, failure: PortReadFailure) {
    super(problem, failure);
    this.name = 'NotAccepted';
  }
}

/** Somebody other than Portward has stopped the VPN inside its container. Nothing has changed. */
export class VpnStopped extends GluetunError {
  constructor() {
    super('the VPN inside the container is stopped, and not by Portward');
    this.name = 'VpnStopped';
  }
}

/**
 * The control server accepts orders, but neither answers nor carries them out. Gluetun can deadlock while it stops
 * its VPN.
 */
export class ControlServerHangs extends GluetunError {
  constructor(seconds: number) {
    super(
      `the VPN was told to stop and does not run again: its control server has given no answer for ${seconds} s. ` +
        'If it stays so, restart its container',
      'timeout',
    );
    this.name = 'ControlServerHangs';
  }
}
