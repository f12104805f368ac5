/** Options that several commands share, and how their text is read. */
import { InvalidArgumentError, Option } from 'commander';

/** What `--set` said; absent where it was not given. */
export type Settings = Record<string, string>;

/** `--set NAME=value`, once for each parameter. */
export function setOption(): Option {
  return new Option('--set <NAME=value>', 'replace a parameter of the file (repeatable)').argParser(
    (text: string, before: Settings | undefined) => ({ ...before, ...pair(text) }),
  );
}

/** Splits `NAME=value` at the first `=`. */
export function pair(text: string): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 0 || text.slice(0, at).trim() === '')
    throw new InvalidArgumentError(`write it as NAME=value, not "${text}".`);
  return { [text.slice(0, at).trim().normalize('NFC')]: text.slice(at + 1).trim() };
}
