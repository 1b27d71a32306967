import { upInWords } from '../../../simulator/docker/in-words';
import { healthIn, uptimeIn } from '../../../src/clients/docker/reading/status-text';

test("an uptime lies within the range that Docker's words can mean", () => {
  for (let s = 0; s < 5 * 365 * 86_400; s = s * 1.01 + 0.3) {
    const found = uptimeIn(upInWords(s, 'healthy'));
    expect([s, found !== null && found.atLeast <= s && s < found.below]).toEqual([s, true]);
  }
});

test.each(['Exited (0) 5 minutes ago', 'Created', 'Restarting (1) 3 seconds ago', 'Läuft seit 5 Minuten', ''])(
  "'%s' contains no uptime",
  (status) => expect(uptimeIn(status)).toBeNull(),
);

test.each([
  ['Up 5 minutes (healthy)', 'healthy'],
  ['Up 5 minutes (unhealthy)', 'unhealthy'],
  ['Up 5 seconds (health: starting)', 'starting'],
  ['Up About an hour', 'none'],
  ['Up 2 hours (Paused)', 'none'],
])("'%s' means the health %s", (status, health) => expect(healthIn(status)).toBe(health));
