import { ProblemError } from '../../../lib/problem';

/** The container has no address at which it can be reached from here. */
export class Unreachable extends ProblemError {
  override readonly name = 'Unreachable';
}
