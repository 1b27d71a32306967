import { Type, type Static } from '@sinclair/typebox';
import type { Port } from '../../domain/engine';
import { GluetunError, NoPortForwarded } from './gluetun-error';

const MaybePort = Type.Integer({ minimum: 0, maximum: 65_535 });

/**
 * In v3.41 `port` stands for no port or one port, and several ports are in `ports` only. Later releases have both
 * fields, earlier ones only `port`.
 */
export const PortAnswer = Type.Object({
  port: Type.Optional(MaybePort),
  ports: Type.Optional(Type.Union([Type.Null(), Type.Array(MaybePort)])),
});

/** Which of several forwarded ports to follow. */
export interface FollowedPort {
  /** Its position in the control server's list, from 0. */
  readonly index: number;
  /**
   * The port that was followed last; null if there was none, or the index has changed since. It is followed for as
   * long as it is listed, at any position: providers list the same ports in changing order.
   */
  readonly current: Port | null;
}

/**
 * The port to follow, 1 to 65535.
 * @throws NoPortForwarded if there clearly is none; GluetunError if the answer is unclear or its list too short
 */
export function followedPort(answer: Static<typeof PortAnswer>, { index, current }: FollowedPort): Port {
  const ports = listed(answer);
  if (ports.every((port) => port === 0)) throw new NoPortForwarded();
  if (current !== null && current !== 0 && ports.includes(current)) return current;
  const port = ports[index];
  if (port === undefined) {
    const forwarded = ports.length === 1 ? '1 port' : `${ports.length} ports`;
    throw new GluetunError({
      what: `the control server forwards ${forwarded}, and GLUETUN_PORT_INDEX asks for number ${index}, counted from 0`,
      todo: `set GLUETUN_PORT_INDEX to a number below ${ports.length}`,
    });
  }
  if (port === 0) throw new NoPortForwarded();
  return port;
}

function listed({ port, ports }: Static<typeof PortAnswer>): readonly number[] {
  if (port === undefined && ports === undefined) {
    throw new GluetunError("the control server's answer has neither 'port' nor 'ports'");
  }
  if (ports === undefined || ports === null) return [port ?? 0];
  // Neither field alone is reliable then: Portward would take a wrong port, or a port for lost.
  if (port !== undefined && !(ports.length === 0 ? port === 0 : ports.includes(port))) {
    throw new GluetunError(`the control server's answer contradicts itself: port ${port} is not in [${shown(ports)}]`);
  }
  return ports;
}

/** Shortened, since a list of thousands would fill the log. */
function shown(ports: readonly number[]): string {
  return ports.length > 8 ? `${ports.slice(0, 8).join(', ')}, …` : ports.join(', ');
}
