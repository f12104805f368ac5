/** The version of package.json, written in by the bundler. */
declare const VERSION: string | undefined;

export const version = typeof VERSION === 'undefined' ? '0.0.0-source' : VERSION;
