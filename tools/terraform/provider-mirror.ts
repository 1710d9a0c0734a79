import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HELM_PROVIDER_VERSION } from '../programs/program-set.ts';

/** Where "hashicorp/helm" is looked for by OpenTofu and by Terraform. */
const HOSTS = ['registry.opentofu.org', 'registry.terraform.io'];

/** What they call this machine; only the architectures that Go and Node know by other names. */
function platform(architecture: string): string {
  return `linux_${architecture === 'x64' ? 'amd64' : architecture}`;
}

export interface MirrorOptions {
  /** The built provider. */
  readonly provider: string;
  /** An empty directory for the mirror. */
  readonly directory: string;
  /** As process.arch says it. */
  readonly architecture: string;
}

/**
 * Makes a mirror of providers that has this one alone, and a configuration of the command line by which nothing is
 * looked for anywhere else. Gives back the path of the configuration, for TF_CLI_CONFIG_FILE.
 */
export function makeProviderMirror({ provider, directory, architecture }: MirrorOptions): string {
  const mirror = join(directory, 'mirror');
  for (const host of HOSTS) {
    const place = join(mirror, host, 'hashicorp/helm', HELM_PROVIDER_VERSION, platform(architecture));
    mkdirSync(place, { recursive: true });
    symlinkSync(provider, join(place, `terraform-provider-helm_v${HELM_PROVIDER_VERSION}`));
  }
  const configuration = join(directory, 'cli.tfrc');
  writeFileSync(
    configuration,
    `disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`,
  );
  return configuration;
}
