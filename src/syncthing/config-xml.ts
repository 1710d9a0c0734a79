import { type TemplateOptions, templateOptions } from './template-options.ts';
import { escapeXml, xmlChildren, type XmlRoot } from './xml-children.ts';

/** What every start writes into Syncthing's `config.xml`, whatever stood there. */
export interface ConfigXmlInput {
  /** IP address of the pod, IPv4 or IPv6 without brackets. */
  readonly listenIp: string;
  readonly listenPort: number;
  readonly gui: GuiInput;
  /** The file as it is now. */
  readonly existing?: string;
  /**
   * A configuration file given by the user. Its options hold where we have no opinion of our own (see
   * template-options.ts); nothing else of it is read: not its folders and devices, and not its defaults, which could
   * give a volume's folder patterns of files to ignore.
   */
  readonly template?: string;
}

export interface GuiInput {
  /** Absolute path of the unix socket. */
  readonly socketPath: string;
  readonly apiKey: string;
  readonly user: string;
  /** bcrypt; the daemon does not hash what it reads from the file. */
  readonly passwordHash: string;
}

export interface ConfigXml {
  readonly xml: string;
  /** True when `existing` was no configuration, so that nothing of it could be kept. */
  readonly existingBroken: boolean;
  /** What of the template does not count, see {@link TemplateOptions}. */
  readonly passedOver: readonly string[];
}

/** The newest version of the file format that 1.27 to 1.30 read; 2.x brings it up to its own. */
const FRESH_OPEN_TAG = '<configuration version="37">';

/**
 * Renders Syncthing's configuration file: options and GUI are ours, everything else of an existing
 * file (folders, devices, defaults) stays byte by byte, as does the version of its format. The own
 * device is not needed: the daemon adds it, and makes its keys, at its first start.
 *
 * Throws TemplateError when the template is not a configuration, or says what must not be.
 */
export function configXml(input: ConfigXmlInput): ConfigXml {
  const existing = input.existing === undefined ? undefined : configuration(input.existing);
  const template = input.template === undefined ? NO_TEMPLATE : templateOptions(input.template);
  const kept = existing?.children.filter((child) => child.name !== 'gui' && child.name !== 'options') ?? [];
  const lines = [
    ...kept.map((child) => child.text),
    gui(input.gui),
    element('options', '', [
      ...options(input).map(optionText),
      ...template.taken.map(({ name, value }) => optionText([name, value])),
    ]),
  ];
  const body = lines.map((line) => `    ${line}\n`).join('');
  return {
    xml: `${existing?.openTag ?? FRESH_OPEN_TAG}\n${body}</configuration>\n`,
    existingBroken: input.existing !== undefined && existing === undefined,
    passedOver: template.passedOver,
  };
}

const NO_TEMPLATE: TemplateOptions = { taken: [], passedOver: [] };

function configuration(xml: string): XmlRoot | undefined {
  const root = xmlChildren(xml);
  return root?.name === 'configuration' && !root.openTag.endsWith('/>') ? root : undefined;
}

type Option = readonly [name: string, value: string | number | boolean, attribute?: string];

/**
 * A closed cluster: nothing is announced, asked for or reported outside, and the only listener is
 * the pod's own address. What is not listed has Syncthing's own default.
 */
function options({ listenIp, listenPort }: ConfigXmlInput): readonly Option[] {
  return [
    ['listenAddress', listenAddress(listenIp, listenPort)],
    ['globalAnnounceEnabled', false],
    ['localAnnounceEnabled', false],
    ['announceLANAddresses', false],
    ['relaysEnabled', false],
    ['natEnabled', false],
    ['stunKeepaliveStartS', 0],
    ['urAccepted', -1],
    ['urURL', ''],
    ['crashReportingEnabled', false],
    ['crashReportingURL', ''],
    ['autoUpgradeIntervalH', 0],
    ['releasesURL', ''],
    ['startBrowser', false],
    // The least the daemon takes: a peer that comes back should not wait for a minute.
    ['reconnectionIntervalS', 5],
    ['setLowPriority', false],
    ['progressUpdateIntervalS', -1],
    // The default is the number of cores; the scan of a detach would queue behind other folders.
    ['maxFolderConcurrency', 16],
    // Absolute: a percentage of a large disk stops all folders while there is plenty of room.
    ['minHomeDiskFree', 100, 'unit="MB"'],
    ['sendFullIndexOnUpgrade', false],
    ['overwriteRemoteDeviceNamesOnConnect', false],
  ];
}

/** `tcp://10.0.0.1:22000`, `tcp://[fd00::1]:22000`. */
export function listenAddress(ip: string, port: number): string {
  return `tcp://${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}

function optionText([name, value, attribute]: Option): string {
  return element(name, attribute ?? '', [escapeXml(String(value))]);
}

function gui({ socketPath, apiKey, user, passwordHash }: GuiInput): string {
  return element('gui', 'enabled="true" tls="false" sendBasicAuthPrompt="false"', [
    element('address', '', [escapeXml(socketPath)]),
    element('unixSocketPermissions', '', ['0600']),
    element('user', '', [escapeXml(user)]),
    element('password', '', [escapeXml(passwordHash)]),
    element('apikey', '', [escapeXml(apiKey)]),
    element('theme', '', ['default']),
  ]);
}

function element(name: string, attributes: string, content: readonly string[]): string {
  const open = attributes === '' ? name : `${name} ${attributes}`;
  return `<${open}>${content.join('')}</${name}>`;
}
