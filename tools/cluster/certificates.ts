import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, runCommand } from '../host/run-command.ts';
import { CERTIFICATES, type CertificatePlan, type Credentials, opensslConfig } from './certificate-plan.ts';

const TEN_YEARS = '3650';

async function sign(directory: string, plan: CertificatePlan | 'ca', signal: AbortSignal): Promise<void> {
  const file = join(directory, plan === 'ca' ? 'ca' : plan.file);
  const issuer = plan === 'ca' ? [] : ['-CA', join(directory, 'ca.crt'), '-CAkey', join(directory, 'ca.key')];
  writeFileSync(`${file}.conf`, opensslConfig(plan));
  const command: Command = [
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    TEN_YEARS,
    '-config',
    `${file}.conf`,
    '-keyout',
    `${file}.key`,
    '-out',
    `${file}.crt`,
    ...issuer,
  ];
  await runCommand(command, { signal });
  rmSync(`${file}.conf`);
}

/** Makes the CA, all certificates and the key of service account tokens, unless they are there. */
export async function ensureCertificates(directory: string, signal: AbortSignal): Promise<void> {
  if (existsSync(directory)) return;
  const temporary = `${directory}.tmp`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  await sign(temporary, 'ca', signal);
  for (const plan of CERTIFICATES) await sign(temporary, plan, signal);
  const key = join(temporary, 'service-account.key');
  await runCommand(
    ['openssl', 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', key],
    { signal },
  );
  await runCommand(
    ['openssl', 'pkey', '-in', key, '-pubout', '-out', join(temporary, 'service-account.pub')],
    { signal },
  );
  renameSync(temporary, directory);
}

/** Reads what a client of the API server needs to be the one whom the certificate names. */
export function readCredentials(directory: string, file: string): Credentials {
  function read(name: string): string {
    return readFileSync(join(directory, name), 'utf8');
  }
  return { ca: read('ca.crt'), certificate: read(`${file}.crt`), key: read(`${file}.key`) };
}
