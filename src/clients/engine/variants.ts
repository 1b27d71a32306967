import type { HealthProbe } from './engine-probe';
import type { Variant } from './variant';

/** A 401 or 403 also means that the engine works. */
const aceStreamHealth: HealthProbe = {
  type: 'http',
  path: '/server/api?api_version=3&method=get_network_connection_status',
  statuses: ['2xx', 401, 403],
};

const aceStream = {
  env: {},
  forwardedEnv: {},
  command: null,
  volumes: [],
  health: aceStreamHealth,
  connectionStatus: true,
  oneAtATime: false,
} satisfies Omit<Variant, 'image'>;

/** The recommendation of the image's author: caches in memory, 200 MB for live streams, and many peers. */
const JOPSIS_AMD64_FLAGS = [
  '--client-console --bind-all',
  '--live-cache-type memory --live-cache-size 209715200 --vod-cache-type memory --vod-drop-max-age 120',
  '--cache-dir /acestream/.ACEStream --max-file-size 2147483648',
  '--live-buffer 25 --vod-buffer 10 --refill-buffer-interval 1 --check-live-pos-interval 5',
  '--max-connections 500 --max-peers 50 --max-upload-slots 50 --auto-slots 0 --download-limit 0 --upload-limit 0',
  '--slots-manager-use-cpu-limit 1 --core-skip-have-before-playback-pos 1 --core-dlr-periodic-check-interval 5',
  '--stats-report-interval 2 --stats-report-peers --webrtc-allow-outgoing-connections 1 --allow-user-config',
  '--log-debug 0 --log-max-size 15000000 --log-backup-count 1',
].join(' ');
/** The image's own command. */
const JOPSIS_ARM_COMMAND =
  'python main.py --bind-all --client-console --live-cache-type memory --live-mem-cache-size 104857600 --disable-sentry --log-stdout';
const PORT_FLAGS = '--http-port {{HTTP_PORT}} --https-port {{HTTPS_PORT}}';
const P2P_FLAG = '--port {{P2P_PORT}}';

/** Tags of jopsis/acestream. */
export interface ArmTags {
  readonly arm32: string;
  readonly arm64: string;
}

/** Every ENGINE_VARIANT but `custom`, as data. */
export function variants({ arm32, arm64 }: ArmTags): Readonly<Record<string, Variant>> {
  const armCommand = `${JOPSIS_ARM_COMMAND} ${PORT_FLAGS} ${P2P_FLAG}`.split(' ');
  return {
    'krinkuto11-amd64': {
      ...aceStream,
      image: 'ghcr.io/krinkuto11/acestream-http-proxy:latest',
      env: {
        CONF: '--http-port={{HTTP_PORT}}\n--https-port={{HTTPS_PORT}}\n--bind-all',
        HTTP_PORT: '{{HTTP_PORT}}',
        HTTPS_PORT: '{{HTTPS_PORT}}',
        BIND_ALL: 'true',
        INTERNAL_BUFFERING: '60',
        CACHE_LIMIT: '1',
      },
      forwardedEnv: { P2P_PORT: '{{P2P_PORT}}' },
    },
    'jopsis-amd64': {
      ...aceStream,
      image: 'jopsis/acestream:x64',
      env: { ACESTREAM_ARGS: `${JOPSIS_AMD64_FLAGS} ${PORT_FLAGS}` },
      forwardedEnv: { ACESTREAM_ARGS: `${JOPSIS_AMD64_FLAGS} ${PORT_FLAGS} ${P2P_FLAG}` },
    },
    'jopsis-arm32': { ...aceStream, image: `jopsis/acestream:${arm32}`, command: armCommand },
    'jopsis-arm64': { ...aceStream, image: `jopsis/acestream:${arm64}`, command: armCommand },
  };
}
