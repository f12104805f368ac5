/** `ganc serve`: a page to train in, on this computer's own address. */
import { existsSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { visible } from '../../runtimes/core/visible.ts';
import { answer, type Files, fromFolder, fromMemory } from './answer.ts';
import { CannotRun } from './failure.ts';
import { quoted } from './init.ts';
import { type Settings, setOption } from './options.ts';
import { here } from './paths.ts';
import { type Terminal, terminalOf } from './terminal.ts';

interface Options {
  port: number;
  host: string;
  set?: Settings;
}

/** How many ports after a taken one are tried. */
const TRIES = 20;

export function serveCommand(): Command {
  return new Command('serve')
    .description('open a model in the browser: serves a compiled folder, or compiles a file and serves that')
    .argument('<DIR|FILE>', 'a folder of ganc compile --target browser, or a .gan file')
    .addOption(
      new Option('-p, --port <n>', 'the port; where it is taken, the next one that is free')
        .argParser(portNumber)
        .default(4000),
    )
    .addOption(
      new Option('--host <address>', 'the address to listen on; 0.0.0.0 lets others in').default('127.0.0.1'),
    )
    .addOption(setOption())
    .addHelpText(
      'after',
      `
Examples:
  $ ganc serve model.gan
  $ ganc compile model.gan --target browser -o page/ && ganc serve page/

Ctrl-C ends it. It answers only to this computer's own names (and the one of --host), and follows no links out of the
folder. Any other server of static files does as well; ganc serve also sends the headers with which WebAssembly may use
several threads.`,
    )
    .action(async (what: string, options: Options, command: Command) => {
      const terminal = terminalOf(command);
      if (what === '-' || isFile(what)) await serveFile(what, options, terminal);
      else await serveFolder(what, options, terminal);
    });
}

function portNumber(text: string): number {
  const port = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) {
    throw new InvalidArgumentError('A port is a whole number up to 65535.');
  }
  return port;
}

function isFile(name: string): boolean {
  const found = statSync(name, { throwIfNoEntry: false });
  if (found === undefined && !name.endsWith('.gan')) {
    const help = existsSync(`${name}.gan`) ? `did you mean ${name}.gan?` : undefined;
    throw new CannotRun(`there is no folder and no file ${name}`, help);
  }
  return found === undefined || !found.isDirectory();
}

/** Compiles, and serves what came of it from memory. */
async function serveFile(file: string, options: Options, terminal: Terminal): Promise<void> {
  const { inputOf } = await import('./frontend.ts');
  const { compiledFolder } = await import('./folder.ts');
  const { files, model } = compiledFolder(inputOf(file, options.set), 'browser', terminal);
  await serve(fromMemory(files), model.name, options, terminal);
}

async function serveFolder(folder: string, options: Options, terminal: Terminal): Promise<void> {
  if (options.set !== undefined && Object.keys(options.set).length > 0) {
    throw new CannotRun(
      '--set is for compiling, and a folder is compiled already',
      'give the .gan file, or set it at ganc compile',
    );
  }
  if (!existsSync(path.join(folder, 'index.html'))) {
    const forNode = existsSync(path.join(folder, 'runtime.js'));
    throw new CannotRun(
      forNode
        ? `${folder} was compiled for Node: it has no index.html`
        : `${folder} is not a compiled folder: it has no index.html`,
      `ganc compile FILE --target browser -o ${quoted(folder)}`,
    );
  }
  await serve(fromFolder(folder), here(folder), options, terminal);
}

/** Until someone ends it. */
async function serve(files: Files, what: string, options: Options, terminal: Terminal): Promise<void> {
  const server = createServer(answer(files, options.host));
  const ended = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done());
  });
  const port = await listen(server, options);
  // Where no more connections can be taken: those that wait are taken when others end.
  server.on('error', () => {});
  const name = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(options.host) ? 'localhost' : options.host;
  if (options.port !== 0 && port !== options.port) {
    terminal.say(`port ${options.port} is taken`);
  }
  terminal.out(`http://${name.includes(':') ? `[${name}]` : name}:${port}/`);
  terminal.say(`serving ${visible(what)}; Ctrl-C ends it`);
  await ended;
  server.closeAllConnections();
  server.close();
}

/** The port that it got. */
async function listen(server: Server, { port, host }: Options): Promise<number> {
  for (let next = port; ; next++) {
    const error = await new Promise<NodeJS.ErrnoException | null>((done) => {
      server.once('error', done);
      server.listen(next, host, () => {
        server.off('error', done);
        done(null);
      });
    });
    if (error === null) {
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : next;
    }
    const last = next - port >= TRIES || next >= 65_535;
    if (error.code !== 'EADDRINUSE' || last) throw refused(error, port, host);
  }
}

function refused(error: NodeJS.ErrnoException, port: number, host: string): CannotRun {
  if (error.code === 'EADDRINUSE') {
    return new CannotRun(`port ${port} and the ${TRIES} after it are taken`, 'choose another with --port');
  }
  if (error.code === 'EACCES') {
    return new CannotRun(`port ${port} may not be used (permission denied)`, 'choose one from 1024 on');
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new CannotRun(`${host} is no address of this computer`, 'leave --host out, or give 0.0.0.0');
  }
  return new CannotRun(`the server does not start: ${error.message}`);
}
