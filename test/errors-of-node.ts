// Jest runs tests in a context of its own, where errors that Node itself makes (fetch, sockets, files) are not
// instances of `Error`. Code with `instanceof Error` would then behave differently than in the program. This makes them instances.
import { readFileSync } from 'node:fs';

function errorOfNode(): unknown {
  try {
    return readFileSync('/no such file');
  } catch (error) {
    return error;
  }
}

const { constructor: NodeError } = Object(errorOfNode());
const isInstance = Function.prototype[Symbol.hasInstance];

Object.defineProperty(Error, Symbol.hasInstance, {
  value(this: unknown, value: unknown): boolean {
    return isInstance.call(this, value) || (this === Error && isInstance.call(NodeError, value));
  },
});
