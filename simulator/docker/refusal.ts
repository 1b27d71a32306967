/** An error answer of Docker, with Docker's own text. */
export class DockerRefusal extends Error {
  constructor(
    readonly status: 304 | 400 | 404 | 409 | 500 | 501,
    message: string,
  ) {
    super(message);
  }
}
