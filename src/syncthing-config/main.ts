import { randomBytes } from 'node:crypto';
import { claimDataDir } from '../runtime/data-dir-owner.ts';
import { createLogger, type Logger } from '../runtime/logger.ts';
import { settings } from './settings.ts';
import { writeConfig } from './write-config.ts';

/**
 * The init container `syncthing-config`: writes Syncthing's configuration before every start.
 *
 * The container that follows takes everything from its environment and `config.xml`, because the
 * flags differ between 1.x and 2.x. That a `config.xml` is always there keeps either version from
 * making a default folder and looking for free ports. Tested with 1.30.0, not yet with 2.x:
 *
 *     command: ["/bin/syncthing", "serve"]     the image's own entrypoint would drop root
 *     env:
 *       STHOMEDIR: <home>                      as SYNCTHING_HOME here
 *       STGUIADDRESS: ""                       the image sets 0.0.0.0:8384, which would override config.xml
 *       STNOUPGRADE: "1"
 *       STNORESTART: "1"                       a crash ends the container; the kubelet restarts it
 *       STMONITORED: "yes"                     no second process that watches the first
 *     nofile: 10 x folders                     2.x opens about 5 files a folder
 */
export async function main(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const logger = createLogger({ level: 'info', to: 'stderr' });
  try {
    await prepare(env, logger);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    logger.error({ error: message }, 'cannot write the configuration of Syncthing');
    process.exitCode = 1;
  }
}

async function prepare(env: Readonly<Record<string, string | undefined>>, logger: Logger): Promise<void> {
  const parsed = settings(env);
  // Before a byte is written: another instance's Syncthing may be running on it.
  await claimDataDir(parsed.hostDataDir, parsed.owner);
  const written = await writeConfig(parsed, randomBytes);
  const place = { home: parsed.home, socketPath: parsed.socketPath };
  if (written.passedOver.length > 0) {
    logger.info(
      { passedOver: written.passedOver },
      'of the template of the configuration these do not count: the driver sets them itself',
    );
  }
  if (written.brokenFile === undefined) {
    logger.info(place, 'wrote the configuration of Syncthing');
    return;
  }
  logger.error(
    { ...place, brokenFile: written.brokenFile },
    'the configuration of Syncthing could not be read; put it aside and wrote one without folders, which are added again from the replicas of this node',
  );
}
