/** There is no address at which a container could be asked. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}
