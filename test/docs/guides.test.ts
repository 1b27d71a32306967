import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { documentsIn } from './markdown';

// Answers that users have missed before. Each one has to stand below its heading.

const guides = documentsIn(join(__dirname, '../../docs/guides')).map((path) => readFileSync(path, 'utf8'));
const sections = new Map(
  guides
    .join('\n')
    .split(/^#{1,3} /m)
    .map((section): [string, string] => {
      const end = section.indexOf('\n');
      return [section.slice(0, end), section.slice(end)];
    }),
);

test.each([
  ['a VPN that is removed or renamed', 'Take a VPN out', /taken out of the configuration, or given another name/],
  ['an image behind a login', 'Registries with a login', /docker login/],
  ['rootless Docker', 'Rootless Docker, and Podman', /\/run\/user\/|XDG_RUNTIME_DIR/],
  ['Podman', 'Rootless Docker, and Podman', /podman system service/],
  ['the owner of a folder at /data', 'A folder in place of the volume', /install -d -o 1000/],
  ['how much memory it takes', 'Memory and disk', /\d+ MB of memory in Docker/],
])('the docs explain %s', (_what, heading, answer) => {
  expect(sections.get(heading)).toMatch(answer);
});
