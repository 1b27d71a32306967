import { TestEnvironment } from 'jest-environment-node';

/** Node, and `testFailedAt` is when a test of the file failed last, in ms: who clears up can tell more of it then. */
export default class TellingEnvironment extends TestEnvironment {
  handleTestEvent({ name }) {
    if (name === 'test_fn_failure' || name === 'hook_failure') this.global.testFailedAt = Date.now();
  }
}
