/** One message of a stream of Server-Sent Events. */
export interface ServerSentEvent {
  /** The event's id, from which a reader can go on; empty: none. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/**
 * Reads Server-Sent Events in the form in which Portward writes them, without comments. A message without an event
 * has only an id.
 */
export async function* serverSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let unread = '';
  for await (const bytes of body) {
    unread += decoder.decode(bytes, { stream: true });
    const messages = unread.split('\n\n');
    unread = messages.pop() ?? '';
    for (const message of messages) yield parsed(message);
  }
}

function parsed(message: string): ServerSentEvent {
  const fields: Record<string, string> = {};
  for (const line of message.split('\n')) {
    const [, name, value = ''] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) fields[name] = value;
  }
  return { id: fields['id'] ?? '', event: fields['event'] ?? '', data: fields['data'] ?? '' };
}
