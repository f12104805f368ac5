/** Tables whose keys are names that a user gave: what every object inherits (`toString`, `constructor`) is not in them. */

/** One without entries. It inherits nothing, and `__proto__` is a key like any other. */
export const table = <T>(): Record<string, T> => Object.create(null);

/** All entries of these, the last of a name. */
export function tableOf<T>(...from: readonly Readonly<Record<string, T>>[]): Record<string, T> {
  return Object.assign(table<T>(), ...from);
}

/** What a table from elsewhere (an option, a file, another thread) has of this name itself. */
export function entry<T>(from: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return from !== undefined && Object.hasOwn(from, name) ? from[name] : undefined;
}
