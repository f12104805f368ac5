/** `ganc init`: a small model to start from, which never replaces a file. */
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import starter from '../../models/first.gan';
import { makeFolders } from '../../runtimes/node/whole.ts';
import { CannotRun } from './failure.ts';
import { terminalOf } from './terminal.ts';

export function initCommand(): Command {
  return new Command('init')
    .description('write a small model to start from; never replaces a file')
    .argument('[DIR|FILE]', 'a folder, which gets model.gan, or a file whose name ends in .gan', 'model.gan')
    .addHelpText(
      'after',
      `
Examples:
  $ ganc init                   model.gan, here
  $ ganc init clothes.gan
  $ ganc init experiments/      experiments/model.gan`,
    )
    .action((target: string, _options: unknown, command: Command) => {
      const terminal = terminalOf(command);
      const file = target.endsWith('.gan') && !isFolder(target) ? target : path.join(target, 'model.gan');
      refuseOtherKinds(target);
      write(file);
      terminal.out(file);
      terminal.say(`\nNext:\n  ganc check ${quoted(file)}\n  ganc train ${quoted(file)}`);
    });
}

/** `foo.txt` is no folder that anyone wants. */
function refuseOtherKinds(target: string): void {
  const ending = path.extname(target);
  if (ending === '.gan' || !/^\.[a-z]\w*$/i.test(ending) || /[/\\]$/.test(target) || isFolder(target)) return;
  const named = `${target.slice(0, -ending.length)}.gan`;
  throw new CannotRun(
    `a model is a .gan file, and ${target} is none`,
    `ganc init ${quoted(named)}, or ganc init ${quoted(`${target}/`)} for a folder of that name`,
  );
}

function isFolder(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function write(file: string): void {
  try {
    makeFolders(path.dirname(file));
    // 'wx' fails where the file exists, without a gap between looking and writing.
    writeFileSync(file, starter, { flag: 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      const isTarget = statSync(file, { throwIfNoEntry: false }) !== undefined;
      if (isTarget)
        throw new CannotRun(`${file} is there already, and is left as it is`, 'give another name');
      throw new CannotRun(`cannot make the folder ${path.dirname(file)}: a file of that name is in the way`);
    }
    if (code === 'ENOTDIR')
      throw new CannotRun(`cannot write ${file}: a part of the path is a file, not a folder`);
    if (code === 'EACCES' || code === 'EPERM') throw new CannotRun(`cannot write ${file}: permission denied`);
    if (code === 'EROFS') throw new CannotRun(`cannot write ${file}: the disk is read-only`);
    if (code === 'ENOSPC') throw new CannotRun(`cannot write ${file}: the disk is full`);
    throw new CannotRun(`cannot write ${file}: ${message}`);
  }
}

/** As a shell wants it. */
export function quoted(file: string): string {
  // One that begins with a dash would be read as an option; a dash alone is standard input.
  const name = file.startsWith('-') && file !== '-' ? `./${file}` : file;
  return /^[\w@%+=:,./-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
}
