/** The last event of one VPN that a client has received. Numbers count within an incarnation. */
export interface Place {
  readonly incarnation: string;
  readonly number: number;
}

/** By VPN. A VPN of which the client has received nothing is missing. */
export type Position = ReadonlyMap<string, Place>;

/** The id of an event, as in `gluetun=ab12cd34.17,gluetun2=…`. It has the position in full, so that any API process can continue from it. */
export function positionText(position: Position): string {
  return [...position].map(([vpn, { incarnation, number }]) => `${vpn}=${incarnation}.${number}`).join(',');
}

/** Null if the text is not a position. */
export function parsePosition(text: string): Position | null {
  const position = new Map<string, Place>();
  for (const part of text.split(',')) {
    const [, vpn, incarnation, number] = /^([a-zA-Z0-9_.-]+)=([a-zA-Z0-9-]+)\.(\d{1,15})$/.exec(part) ?? [];
    if (vpn === undefined || incarnation === undefined) return null;
    position.set(vpn, { incarnation, number: Number(number) });
  }
  return position;
}
