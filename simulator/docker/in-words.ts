/** A duration in Docker's words (HumanDuration in docker/go-units). @param s seconds */
export function durationInWords(s: number): string {
  const minutes = Math.floor(s / 60);
  // Docker rounds hours, but cuts off shorter units.
  const hours = Math.floor(s / 3600 + 0.5);
  if (s < 1) return 'Less than a second';
  if (s < 2) return '1 second';
  if (s < 60) return `${Math.floor(s)} seconds`;
  if (minutes < 60) return minutes === 1 ? 'About a minute' : `${minutes} minutes`;
  if (hours < 48) return hours === 1 ? 'About an hour' : `${hours} hours`;
  if (hours < 24 * 14) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 60) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(s / 3600 / 24 / 365)} years`;
}

/** The status that `docker ps` shows for a running container. */
export function upInWords(s: number, health: string | null): string {
  const shown = health === 'starting' ? 'health: starting' : health;
  return `Up ${durationInWords(s)}${shown === null ? '' : ` (${shown})`}`;
}
