// Jest runs tests in a context of its own, where errors that Node itself makes (fetch, sockets, files) are not
// instances of `Error`, so that code would take another way here than in the program. With this they are.
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
