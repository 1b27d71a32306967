import { ProblemError } from '../../../lib/problem';

/** There is no address at which a container could be asked. */
export class Unreachable extends ProblemError {
  override readonly name = 'Unreachable';
}
