/** An answer of Docker that says no, in its own words. */
export class DockerRefusal extends Error {
  constructor(
    readonly status: 304 | 400 | 404 | 409 | 500 | 501,
    message: string,
  ) {
    super(message);
  }
}
