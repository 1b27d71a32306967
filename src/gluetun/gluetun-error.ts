/** What a control server did not say clearly, or could not be asked. Its message holds no secret. */
export class GluetunError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GluetunError';
  }
}

/** The control server has answered, and clearly: there is no port right now. Every port change passes through that. */
export class NoPortForwarded extends GluetunError {
  constructor() {
    super('the control server says that no port is forwarded right now');
    this.name = 'NoPortForwarded';
  }
}

/** The request was refused or has never arrived: nothing has changed at the VPN. */
export class NotAccepted extends GluetunError {
  constructor(message: string) {
    super(message);
    this.name = 'NotAccepted';
  }
}
