import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../host/run-command.ts';
import type { ImageContext } from './image-context.ts';
import { machinePath } from './machine-npm.ts';
import { caFiles, mergeNpmSettings } from './npm-settings.ts';

/** Where npm keeps the settings of the machine and of the user, in the order in which they count. */
async function settingsFiles(context: ImageContext): Promise<readonly string[]> {
  const said = await runCommand(['npm', 'config', 'get', 'globalconfig', 'userconfig'], {
    cwd: context.checkout,
    signal: context.signal,
    env: { PATH: machinePath(context) },
  });
  const paths = said
    .split('\n')
    .flatMap((line) => /^(?:global|user)config=(.+)$/.exec(line.trim())?.[1] ?? []);
  return paths.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'));
}

/** Writes this machine's npm settings as secrets for a build and gives back the arguments that hand them over. They are mounted while npm runs and stay in no layer. */
export async function writeBuildSecrets(folder: string, context: ImageContext): Promise<readonly string[]> {
  const files = await settingsFiles(context);
  const authorities = caFiles(files, context.environment).filter((path) => existsSync(path));
  const secrets = [
    { id: 'npmrc', content: mergeNpmSettings(files, context.environment) },
    { id: 'ca', content: authorities.map((path) => readFileSync(path, 'utf8')).join('\n') },
  ].filter(({ content }) => content.trim() !== '');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return secrets.map(({ id, content }) => {
    const path = join(folder, id);
    writeFileSync(path, content, { mode: 0o600 });
    return `--secret=id=${id},src=${path}`;
  });
}
