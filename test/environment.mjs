import { TestEnvironment } from 'jest-environment-node';

/** Node, and `testFailed` is true from the first failure of the file on: who clears up can tell more of it then. */
export default class TellingEnvironment extends TestEnvironment {
  handleTestEvent({ name }) {
    if (name === 'test_fn_failure' || name === 'hook_failure') this.global.testFailed = true;
  }
}
