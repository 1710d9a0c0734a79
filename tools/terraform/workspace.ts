/** The Terraform module in a directory of its own, so that nothing is left in the checkout. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../host/run-command.ts';
import { makeProviderMirror } from './provider-mirror.ts';

export interface Workspace extends Disposable {
  /** A copy of deploy/terraform. */
  readonly module: string;
  /** Writes `text` as the main.tf of a new directory beside the copy of deploy/; gives back its path. */
  root(name: string, text: string): string;
  /** Runs OpenTofu there with a deadline of five minutes unless given, and gives back what it prints. */
  tofu(directory: string, words: readonly string[], timeoutMs?: number): Promise<string>;
}

export interface WorkspaceOptions {
  readonly checkout: string;
  /** Where tofu and terraform-provider-helm are. */
  readonly bin: string;
  readonly architecture: string;
  readonly signal: AbortSignal;
}

const TOFU_MS = 300_000;

export function openWorkspace({ checkout, bin, architecture, signal }: WorkspaceOptions): Workspace {
  const tofu = join(bin, 'tofu');
  const provider = join(bin, 'terraform-provider-helm');
  for (const program of [tofu, provider]) {
    if (!existsSync(program)) throw new Error(`${program} is missing: run \`make programs\``);
  }
  const directory = mkdtempSync(join(tmpdir(), 'terraform-'));
  cpSync(join(checkout, 'deploy'), join(directory, 'deploy'), { recursive: true });
  const configuration = makeProviderMirror({ provider, directory, architecture });
  const env = {
    TF_CLI_CONFIG_FILE: configuration,
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    // The provider writes logs there.
    TMPDIR: directory,
    // Of helm: repositories and caches, which nobody needs here.
    HELM_CONFIG_HOME: join(directory, 'helm'),
    HELM_CACHE_HOME: join(directory, 'helm'),
    HELM_DATA_HOME: join(directory, 'helm'),
  };
  return {
    module: join(directory, 'deploy/terraform'),
    root(name, text) {
      const root = join(directory, name);
      mkdirSync(root);
      writeFileSync(join(root, 'main.tf'), text);
      return root;
    },
    tofu: async (cwd, words, timeoutMs = TOFU_MS) =>
      await runCommand([tofu, ...words], { cwd, env, signal, timeoutMs }),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/**
 * A configuration written for version 3 of the helm provider as version 1 and 2 want it: there `kubernetes` is a block.
 */
export function forOlderProvider(text: string): string {
  return text
    .replaceAll('kubernetes = {', 'kubernetes {')
    .replaceAll('version = ">= 3.0"', 'version = ">= 1.3.2"');
}
