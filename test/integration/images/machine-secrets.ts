import { existsSync, readFileSync } from 'node:fs';
import { execa } from 'execa';
import { findPackageSource, readDistribution } from '../../../tools/images/find-package-source.ts';
import { machinePath } from '../../../tools/images/machine-npm.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Words that would tell from which machine an image comes. */
export type MachineSecrets = { readonly own: readonly string[] };

function hostOf(url: string): string {
  return new URL(url).hostname;
}

/** Of apt, where the machine has it. */
async function mirrorHosts(): Promise<readonly string[]> {
  if (!existsSync('/usr/bin/apt-get')) return [];
  const source = await findPackageSource(readDistribution(), AbortSignal.timeout(60_000));
  return [hostOf(source.mirror)];
}

/** Where npm and apt of this machine fetch from, and every credential in npm's settings. */
export async function readMachineSecrets(
  checkout: string,
  environment: Environment,
): Promise<MachineSecrets> {
  const env = { PATH: machinePath({ checkout, environment }) };
  async function npm(name: string): Promise<string> {
    return (await execa('npm', ['config', 'get', name], { env })).stdout.trim();
  }
  const userconfig = await npm('userconfig');
  const settings = existsSync(userconfig) ? readFileSync(userconfig, 'utf8') : '';
  const credentials = [...settings.matchAll(/_(?:authToken|auth|password)\s*=\s*(\S+)/g)].map(
    ([, value]) => value ?? '',
  );
  const own = [hostOf(await npm('registry')), ...(await mirrorHosts()), ...credentials];
  return { own: own.filter((word) => word !== '' && word !== 'localhost') };
}
