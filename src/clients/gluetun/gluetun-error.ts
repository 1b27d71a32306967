import { ProblemError, type Problem } from '../../lib/problem';

/**
 * In one word, for statistics. `error`: a status that is no success; `garbage`: an answer that can't be understood;
 * `none`: a clear answer that there is no port.
 */
export type PortReadFailure = 'none' | 'unauthorized' | 'timeout' | 'unreachable' | 'error' | 'garbage';

/** What a control server did not say clearly, or could not be asked. Its message holds no secret. */
export class GluetunError extends ProblemError {
  constructor(
    problem: Problem | string,
    readonly failure: PortReadFailure = 'garbage',
  ) {
    super(problem);
    this.name = 'GluetunError';
  }
}

/** The control server has answered, and clearly: there is no port right now. Every port change passes through that. */
export class NoPortForwarded extends GluetunError {
  /** @param stopped because the VPN inside the container is stopped */
  constructor(
    problem: Problem | string = 'the control server says that no port is forwarded right now',
    readonly stopped = false,
  ) {
    super(problem, 'none');
    this.name = 'NoPortForwarded';
  }
}

/** The request was refused or has never arrived: nothing has changed at the VPN. */
export class NotAccepted extends GluetunError {
  constructor(problem: Problem | string, failure: PortReadFailure) {
    super(problem, failure);
    this.name = 'NotAccepted';
  }
}

/** Somebody has stopped the VPN inside its container, and it was not Portward. Nothing has changed. */
export class VpnStopped extends GluetunError {
  constructor() {
    super('the VPN inside the container is stopped, and not by Portward');
    this.name = 'VpnStopped';
  }
}

/** The control server takes orders, and neither answers nor carries them out. Gluetun can deadlock while it stops its VPN. */
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
