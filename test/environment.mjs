import { TestEnvironment } from 'jest-environment-node';

/** Jest's Node environment. The global `testFailedAt` is when a test of the file last failed, in ms: teardown prints more then. */
export default class TellingEnvironment extends TestEnvironment {
  handleTestEvent({ name }) {
    if (name === 'test_fn_failure' || name === 'hook_failure') this.global.testFailedAt = Date.now();
  }
}
