/** A contender in a process of its own, seen from the driver. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { OperationRequest, Request } from './protocol.ts';

export class Child {
  private readonly process: ChildProcess;
  private readonly answers: AsyncIterator<string>;
  private stderr = '';
  private readonly gone: Promise<string>;

  constructor(command: string, args: string[]) {
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.process = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.process.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr = (this.stderr + chunk).slice(-4000);
    });
    this.process.stdin!.on('error', () => {});
    this.gone = new Promise((resolve) => {
      this.process.on('error', (error) => resolve(error.message));
      this.process.on('close', (code, signal) => resolve(`ended (${signal ?? code})\n${this.stderr}`));
    });
    this.answers = createInterface({ input: this.process.stdout! })[Symbol.asyncIterator]();
  }

  /** The next line that is an answer: libraries print banners. */
  async answer<T>(): Promise<T> {
    for (;;) {
      const { value, done } = await this.answers.next();
      if (done) throw new Error(await this.gone);
      if (/^[[{]/.test(value)) return JSON.parse(value) as T;
    }
  }

  async ask<T>(request: Request | OperationRequest, patience = Number.POSITIVE_INFINITY): Promise<T> {
    this.process.stdin!.write(`${JSON.stringify(request)}\n`);
    const answer = this.answer<T>();
    if (patience === Number.POSITIVE_INFINITY) return answer;
    // Its own failure, once it is killed, is nobody's news.
    answer.catch(() => {});
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.process.kill('SIGKILL');
        reject(new Error(`no answer within ${patience / 1000} s`));
      }, patience);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  async end(): Promise<void> {
    this.process.stdin!.write(`${JSON.stringify({ ask: 'end' })}\n`);
    this.process.stdin!.end();
    const timer = setTimeout(() => this.process.kill(), 5000);
    await this.gone;
    clearTimeout(timer);
  }
}
