import path from 'node:path';
import * as z from 'zod/mini';
import type { Owner } from '../runtime/data-dir-owner.ts';
import { socketPathComplaint } from '../runtime/socket-path.ts';

/** What the init container is told by its environment. */
export interface Settings {
  /** Syncthing's home: keys, `config.xml`, database, and our `api-key`. On the node's disk. */
  readonly home: string;
  /** Unix socket of Syncthing's API; its directory is made 0700 and belongs to nobody else. */
  readonly socketPath: string;
  /** The pod's own address; peers connect to it. */
  readonly listenIp: string;
  readonly listenPort: number;
  /** The same on every node when given; else random per node, kept in `<home>/api-key`. */
  readonly apiKey?: string;
  readonly guiUser: string;
  /** bcrypt. When not given, a hash that no password has. */
  readonly guiPasswordHash?: string;
  /** File with a configuration whose options and defaults hold where ours say nothing. */
  readonly templatePath?: string;
}

/** The instance of the driver as well, whose directory Syncthing's home lies in. */
export interface StartSettings extends Settings {
  readonly hostDataDir: string;
  readonly owner: Owner;
}

const absolutePath = z
  .string()
  .check(z.refine((value) => path.isAbsolute(value), 'must be an absolute path'));

const environment = z.object({
  DRIVER_NAME: z.string().check(z.minLength(1)),
  NAMESPACE: z.string().check(z.minLength(1)),
  HOST_DATA_DIR: absolutePath,
  SYNCTHING_HOME: absolutePath,
  SYNCTHING_SOCKET: absolutePath.check(
    z.refine(
      (value) => socketPathComplaint(value) === undefined,
      'is longer than a unix socket may be (107 bytes): choose a shorter HOST_DATA_DIR',
    ),
  ),
  POD_IP: z.union([z.ipv4(), z.ipv6()], 'must be an IPv4 or IPv6 address'),
  SYNCTHING_PORT: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(65_535)), 22_000),
  SYNCTHING_API_KEY: z.optional(
    z.string().check(z.regex(/^[\w-]{16,128}$/, 'must be 16 to 128 letters, digits, - or _')),
  ),
  SYNCTHING_GUI_USER: z._default(z.string().check(z.minLength(1)), 'syncthing-csi'),
  SYNCTHING_GUI_PASSWORD_HASH: z.optional(
    z.string().check(z.regex(/^\$2[aby]\$\d\d\$.{53}$/, 'must be a bcrypt hash (htpasswd -nbB)')),
  ),
  SYNCTHING_CONFIG_TEMPLATE: z.optional(absolutePath),
});

/** Reads the environment; an empty variable counts as not set. Throws one Error naming every bad variable. */
export function settings(env: Readonly<Record<string, string | undefined>>): StartSettings {
  const given = Object.entries(env).filter(([, value]) => value !== undefined && value !== '');
  const parsed = z.safeParse(environment, Object.fromEntries(given));
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new Error(`syncthing-config: environment: ${faults.join('; ')}`);
  }
  const value = parsed.data;
  return {
    hostDataDir: value.HOST_DATA_DIR,
    owner: { driverName: value.DRIVER_NAME, namespace: value.NAMESPACE },
    home: value.SYNCTHING_HOME,
    socketPath: value.SYNCTHING_SOCKET,
    listenIp: value.POD_IP,
    listenPort: value.SYNCTHING_PORT,
    guiUser: value.SYNCTHING_GUI_USER,
    ...(value.SYNCTHING_API_KEY && { apiKey: value.SYNCTHING_API_KEY }),
    ...(value.SYNCTHING_GUI_PASSWORD_HASH && { guiPasswordHash: value.SYNCTHING_GUI_PASSWORD_HASH }),
    ...(value.SYNCTHING_CONFIG_TEMPLATE && { templatePath: value.SYNCTHING_CONFIG_TEMPLATE }),
  };
}
