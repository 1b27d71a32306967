import { p2pPortOf } from '../../../src/clients/engine/p2p-port';

test.each<[string, string[], string[]]>([
  ['P2P_PORT', ['P2P_PORT=65290'], []],
  ['P2P_PORT, which overrides CONF', ['CONF=--port=1', 'P2P_PORT=65290'], []],
  ['CONF', ['CONF=--http-port=19000\n--port=65290\n--bind-all'], []],
  ['CONF with a blank', ['CONF=--bind-all --port 65290'], []],
  ['CONF with an empty P2P_PORT', ['P2P_PORT=', 'CONF=--port=65290'], []],
  ['ACESTREAM_ARGS', ['ACESTREAM_ARGS=--http-port 19000 --https-port 45000 --port 65290'], []],
  ['the command', [], ['python', 'main.py', '--http-port', '19000', '--port', '65290']],
  ['the command, in one word', [], ['--port=65290']],
])('the P2P port is read from %s', (_where, env, command) => {
  expect(p2pPortOf(env, command)).toBe(65_290);
});

test.each<[string, string[], string[]]>([
  ['nothing', [], []],
  ['other ports only', ['CONF=--http-port=19000\n--https-port=45000'], ['--api-port', '1']],
  ['a word', ['P2P_PORT=auto'], []],
  ['port 0', ['P2P_PORT=0'], []],
  ['a port over 65535', ['P2P_PORT=65536'], []],
  ['half a port', ['P2P_PORT=65290.5'], []],
  ['a port in another notation', ['P2P_PORT=0xff0a'], []],
  ['a number that is too long', ['CONF=--port=652900000'], []],
  ['an option without a value', [], ['--port']],
  ['a longer option that begins like it', [], ['--portability=65290']],
  ['a variable without a value', ['P2P_PORT', 'CONF'], []],
])('%s: there is no P2P port', (_what, env, command) => {
  expect(p2pPortOf(env, command)).toBeNull();
});
