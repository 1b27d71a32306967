/** In a millisecond. */
const NANOSECONDS = 1e6;
/** Docker's defaults. */
const INTERVAL_MS = 30_000;
const RETRIES = 3;

export type HealthStatus = 'starting' | 'healthy' | 'unhealthy';

/** `Healthcheck` of a container's configuration; times are in nanoseconds. */
export interface HealthCheckConfig {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly StartPeriod?: number;
  readonly Retries?: number;
}

/** The health check of one run. It asks the program directly instead of starting a process. */
export class HealthCheck {
  status: HealthStatus = 'starting';
  failingStreak = 0;
  private readonly startedAt = performance.now();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly config: HealthCheckConfig,
    private readonly isHealthy: () => boolean,
    private readonly changed: (status: HealthStatus) => void,
  ) {
    const interval = config.Interval ? config.Interval / NANOSECONDS : INTERVAL_MS;
    this.timer = setInterval(() => this.look(), interval);
  }

  /** Docker calls a container unhealthy after its end, and sends no event for that. */
  end(): void {
    clearInterval(this.timer);
    this.status = 'unhealthy';
  }

  private look(): void {
    if (this.isHealthy()) {
      this.failingStreak = 0;
      this.become('healthy');
      return;
    }
    const isStarting = performance.now() - this.startedAt < (this.config.StartPeriod ?? 0) / NANOSECONDS;
    if (this.status === 'starting' && isStarting) return;
    this.failingStreak++;
    if (this.failingStreak >= (this.config.Retries || RETRIES)) this.become('unhealthy');
  }

  private become(status: HealthStatus): void {
    if (this.status === status) return;
    this.status = status;
    this.changed(status);
  }
}
