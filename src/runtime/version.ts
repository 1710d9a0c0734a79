import packageJson from '../../package.json' with { type: 'json' };

/** As in package.json; the CSI Identity services and the API server's logs tell it. */
export const VERSION: string = packageJson.version;
