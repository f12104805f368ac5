/** Options that several commands share, and how their text is read. */
import { InvalidArgumentError, Option } from 'commander';

/** `--set NAME=value`, once for each parameter. */
export function setOption(): Option {
  return new Option('--set <NAME=value>', 'replace a parameter of the file (repeatable)')
    .argParser((text: string, before: Record<string, string> | undefined) => ({ ...before, ...pair(text) }))
    .default({}, 'none');
}

/** Splits `NAME=value` at the first `=`. */
export function pair(text: string): Record<string, string> {
  const at = text.indexOf('=');
  if (at <= 0) throw new InvalidArgumentError(`write it as NAME=value, not "${text}".`);
  return { [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
}
