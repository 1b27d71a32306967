import type { Plan } from './plan';

export const COMPOSE_FILE = 'docker-compose.portward.yml';

/** A Compose file for Portward alone, next to VPNs that already run. It holds no secret: those are in `.env`. */
export function composeText({ vpns, networks, dockerGroup }: Plan): string {
  // Docker's default network can't be listed together with others.
  const named = networks.filter((network) => network !== 'bridge');
  const isOnBridge = named.length === 0 && networks.length > 0;
  return [
    `# Made by \`portward init\`: Portward beside ${vpns.map(({ name }) => name).join(' and ')}, which this file does not start.`,
    '#   docker build -t portward .      in a checkout of Portward, once',
    `#   docker compose -f ${COMPOSE_FILE} up -d`,
    '#',
    '# Recommended for the VPN container, in its own Compose file:',
    ...vpns.flatMap(({ name, range: { first, last } }) => [
      `#   ${name}:`,
      '#     ports:',
      `#       - '127.0.0.1:${first}-${last}:${first}-${last}'`,
      '#     sysctls:',
      '#       net.ipv4.ip_local_port_range: 10000 18999',
      '#     environment:',
      "#       VPN_PORT_FORWARDING: 'on'",
    ]),
    'services:',
    '  portward:',
    '    image: portward',
    '    env_file: .env',
    '    environment:',
    '      APP_PORT: 8000',
    '      LOG_FORMAT: ${LOG_FORMAT:-pretty}',
    '    # May use the Docker socket: the output of `stat -c %g /var/run/docker.sock`',
    `    group_add: ['${dockerGroup ?? '0'}']`,
    "    volumes: ['/var/run/docker.sock:/var/run/docker.sock', 'portward:/data']",
    "    ports: ['127.0.0.1:8000:8000']",
    ...(isOnBridge ? ['    network_mode: bridge'] : []),
    ...(named.length > 0 ? [`    networks: [${named.join(', ')}]`] : []),
    '    init: true',
    '    stop_grace_period: 30s',
    '    restart: unless-stopped',
    ...(named.length > 0 ? ['networks:', ...named.flatMap((network) => [`  ${network}:`, '    external: true'])] : []),
    'volumes:',
    '  portward:',
    '',
  ].join('\n');
}
