import { clockCases, SETTABLE_CLOCK } from './clock.cases';
import { databaseCases } from './database.cases';
import { diskFullCases, mountSmallDisk, unmountSmallDisk } from './disk-full.cases';
import { NO_PROXY, Stage } from './stage';

// Faults of the machine while one Portward runs: the clock is set, the disk gets full, the database is lost.

const PORT = 40_000;

let stage: Stage;

beforeAll(async () => {
  const disk = mountSmallDisk();
  stage = await Stage.start({
    docker: 'simulated',
    vpns: [{ port: PORT }],
    ...(disk !== undefined && { folderIn: disk }),
    env: {
      ...NO_PROXY,
      ...SETTABLE_CLOCK,
      MIN_REPLICAS: '2',
      GLUETUN_HEALTH_CHECK_INTERVAL_S: '0.5',
      HEALTH_CHECK_INTERVAL_S: '1',
      DEBUG_MODE: 'true',
      DEBUG_LOG_DIR: 'debug',
    },
    engineEnv: { STARTUP_MS: '1200' },
  });
  await stage.forwarded(PORT);
  await stage.listed(2);
  await stage.quiet();
});

afterAll(async () => {
  await stage?.clear();
  unmountSmallDisk();
});

clockCases(() => stage);
diskFullCases(() => stage);
databaseCases(() => stage);
