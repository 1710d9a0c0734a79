import fs from 'node:fs/promises';
import path from 'node:path';
import { configXml, type ConfigXml, type ConfigXmlInput } from '../syncthing/config-xml.ts';
import { TemplateError } from '../syncthing/template-options.ts';
import { INDEX_DIRECTORIES, INDEX_MARK } from '../syncthing/index-directories.ts';
import type { Settings } from './settings.ts';

/** Random bytes from the caller (`crypto.randomBytes`). */
export type RandomBytes = (size: number) => Buffer;

export interface WrittenConfig {
  readonly apiKey: string;
  /** Where a configuration that could not be read was put, when there was one. */
  readonly brokenFile?: string;
  /** Options and sections of the template that do not count. */
  readonly passedOver: readonly string[];
}

/**
 * Makes Syncthing's home ready for a start: `config.xml` with our options and GUI and everybody's
 * folders and devices, `api-key` for the `node` container, and a private directory for the socket.
 *
 * Runs while Syncthing does not. Certificate and key are never touched: they are the identity.
 * A `config.xml` that is no configuration is put aside as `config.xml.broken-N` and replaced by one
 * without folders and devices: the daemon then shares nothing until they are ordered anew, and
 * drops the indexes of the folders, as if its database were lost: the mark of that goes first (handoff
 * rule 16). One that cannot be read for
 * another reason (permissions, I/O) stops the start: that may pass, and the content may be good.
 */
export async function writeConfig(settings: Settings, randomBytes: RandomBytes): Promise<WrittenConfig> {
  await privateDirectory(settings.home);
  await privateDirectory(path.dirname(settings.socketPath));
  const apiKey = await keepApiKey(settings, randomBytes);
  const file = path.join(settings.home, 'config.xml');
  const existing = await readIfThere(file);
  const template = settings.templatePath && (await fs.readFile(settings.templatePath, 'utf8'));
  const { xml, existingBroken, passedOver } = rendered(settings, {
    listenIp: settings.listenIp,
    listenPort: settings.listenPort,
    gui: {
      socketPath: settings.socketPath,
      apiKey,
      user: settings.guiUser,
      passwordHash: settings.guiPasswordHash ?? unusablePasswordHash(randomBytes),
    },
    ...(existing !== undefined && { existing }),
    ...(template && { template }),
  });
  if (existing === undefined || existingBroken) await removeMarks(settings.home);
  const brokenFile = existingBroken ? await putAside(file) : undefined;
  await replaceFile(file, xml);
  // The daemon unlinks a left-over socket itself; until then nobody should take it for a live one.
  await fs.rm(settings.socketPath, { force: true });
  return { apiKey, passedOver, ...(brokenFile !== undefined && { brokenFile }) };
}

async function removeMarks(home: string): Promise<void> {
  for (const directory of INDEX_DIRECTORIES)
    await fs.rm(path.join(home, directory, INDEX_MARK), { force: true });
}

/** What is wrong with the template is said together with where it came from. */
function rendered({ templatePath }: Settings, input: ConfigXmlInput): ConfigXml {
  try {
    return configXml(input);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const message = `the template of Syncthing's configuration (syncthing.defaultConfig of the chart, here ${templatePath}): ${error.message}`;
    throw new TemplateError(message, { cause: error });
  }
}

async function privateDirectory(directory: string): Promise<void> {
  await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  await fs.chmod(directory, 0o700);
}

async function keepApiKey(settings: Settings, randomBytes: RandomBytes): Promise<string> {
  const file = path.join(settings.home, 'api-key');
  const kept = (await readIfThere(file))?.trim();
  const apiKey = settings.apiKey ?? (kept || randomBytes(32).toString('base64url'));
  if (apiKey !== kept) {
    await replaceFile(file, `${apiKey}\n`);
  }
  return apiKey;
}

/**
 * Of the form of a bcrypt hash, but made without a password. Without user and password set, whoever
 * reaches the socket gets the whole API from a cookie (measured), key or not.
 */
function unusablePasswordHash(randomBytes: RandomBytes): string {
  const text = randomBytes(40).toString('base64').replaceAll('+', '.').replaceAll('=', '');
  return `$2a$10$${text.slice(0, 53)}`;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await fs.readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

async function putAside(file: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const aside = `${file}.broken-${number}`;
    try {
      // link, not rename: it fails when the name is taken, so nothing put aside is ever lost.
      await fs.link(file, aside);
      return aside;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw error;
      }
    }
  }
}

/** Whole or not at all, also after a power cut. */
async function replaceFile(file: string, content: string): Promise<void> {
  const temporary = `${file}.new`;
  await fs.rm(temporary, { force: true });
  const handle = await fs.open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await fs.rename(temporary, file);
  const directory = await fs.open(path.dirname(file));
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
