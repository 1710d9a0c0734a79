import { describe, expect, test } from 'vitest';
import { configXml, listenAddress, type ConfigXmlInput } from './config-xml.ts';
import { xmlChildren } from './xml-children.ts';

const input: ConfigXmlInput = {
  listenIp: '10.0.0.1',
  listenPort: 22000,
  gui: { socketPath: '/run/st/api.sock', apiKey: 'k<&"', user: 'u', passwordHash: '$2a$10$x' },
};
const folder = '<folder id="v1" path="/d"><device id="X"></device></folder>';
const device = '<device id="X" name="n"><address>tcp://10.0.0.2:22000</address></device>';

describe('configXml', () => {
  test('a fresh file has no folder, no device and our options', () => {
    const { xml, existingBroken } = configXml(input);
    const root = xmlChildren(xml);
    expect(existingBroken).toBe(false);
    expect(root?.children.map((child) => child.name)).toEqual(['gui', 'options']);
    expect(xml).toContain('<listenAddress>tcp://10.0.0.1:22000</listenAddress>');
    expect(xml).toContain('<apikey>k&#60;&#38;&#34;</apikey>');
  });

  test('an existing file keeps folders, devices, defaults and version, not options and gui', () => {
    const existing = `<configuration version="52">${folder}${device}<gui><apikey>previous</apikey></gui><options><relaysEnabled>true</relaysEnabled></options><defaults/></configuration>`;
    const { xml } = configXml({ ...input, existing });
    expect(xml).toContain('<configuration version="52">');
    expect(xml).toContain(folder);
    expect(xml).toContain(device);
    expect(xml).toContain('<defaults/>');
    expect(xml).not.toContain('previous');
    expect(xml).not.toContain('<relaysEnabled>true');
  });

  test('writing twice changes nothing', () => {
    const existing = configXml({
      ...input,
      existing: `<configuration version="37">${folder}${device}</configuration>`,
    }).xml;
    expect(configXml({ ...input, existing }).xml).toBe(existing);
  });

  test.each(['', '<configuration version="37"><folder', '<html></html>', '\0\0'])(
    'what is no configuration is reported and replaced: %j',
    (existing) => {
      expect(configXml({ ...input, existing })).toEqual({
        xml: configXml(input).xml,
        existingBroken: true,
        passedOver: [],
      });
    },
  );

  test('a template gives options we have no opinion on; never folders, defaults or what we set ourselves', () => {
    const template = `<configuration>${folder}<options><startBrowser>true</startBrowser><maxSendKbps>10</maxSendKbps></options><defaults><ignores><line>*.iso</line></ignores></defaults></configuration>`;
    const existing = '<configuration version="37"><defaults><folder/></defaults></configuration>';
    const { xml, passedOver } = configXml({ ...input, existing, template });
    expect(xml).toContain('<maxSendKbps>10</maxSendKbps>');
    expect(xml).not.toContain('<startBrowser>true');
    expect(xml).toContain('<defaults><folder/></defaults>');
    expect(xml).not.toContain('*.iso');
    expect(xml).not.toContain(folder);
    expect(passedOver).toEqual(['<defaults>', '<folder>', 'startBrowser']);
  });

  test('what a template gave is gone when it does not give it any more', () => {
    const template = '<configuration><options><maxSendKbps>10</maxSendKbps></options></configuration>';
    const existing = configXml({ ...input, template }).xml;
    expect(configXml({ ...input, existing }).xml).toBe(configXml(input).xml);
  });

  test('a template that would open the network is refused by name', () => {
    const template = '<configuration><options><relaysEnabled>true</relaysEnabled></options></configuration>';
    expect(() => configXml({ ...input, template })).toThrow('relaysEnabled is refused');
  });

  test('a template that is no configuration is refused', () => {
    expect(() => configXml({ ...input, template: 'relays: off' })).toThrow(/not a <configuration>/);
  });
});

test('listenAddress puts IPv6 into brackets', () => {
  expect(listenAddress('fd00::1', 22000)).toBe('tcp://[fd00::1]:22000');
  expect(listenAddress('10.0.0.1', 22001)).toBe('tcp://10.0.0.1:22001');
});
