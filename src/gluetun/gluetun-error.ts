/**
 * In one word, for statistics. `error`: a status that is no success; `garbage`: an answer that can't be understood;
 * `none`: a clear answer that there is no port.
 */
export type PortReadFailure = 'none' | 'unauthorized' | 'timeout' | 'unreachable' | 'error' | 'garbage';

/** What a control server did not say clearly, or could not be asked. Its message holds no secret. */
export class GluetunError extends Error {
  constructor(
    message: string,
    readonly failure: PortReadFailure = 'garbage',
  ) {
    super(message);
    this.name = 'GluetunError';
  }
}

/** The control server has answered, and clearly: there is no port right now. Every port change passes through that. */
export class NoPortForwarded extends GluetunError {
  constructor() {
    super('the control server says that no port is forwarded right now', 'none');
    this.name = 'NoPortForwarded';
  }
}

/** The request was refused or has never arrived: nothing has changed at the VPN. */
export class NotAccepted extends GluetunError {
  constructor(message: string, failure: PortReadFailure) {
    super(message, failure);
    this.name = 'NotAccepted';
  }
}
