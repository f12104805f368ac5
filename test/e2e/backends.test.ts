/** `ganc backends`, and `--backend` where it is not here: the same words. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, run, scratch, trace } from './command.ts';

interface Finding {
  name: string;
  available: boolean;
  auto: boolean;
  ms: number | null;
  device?: string;
  memory?: number | null;
  why?: string;
  get?: string;
}

const folder = scratch();
const ring = path.join(root, 'models/ring.gan');
describe('ganc backends', () => {
  test('what is here has a device, memory and a time; what is missing a reason and a way', async () => {
    const ran = await run(['backends', '--json'], { cwd: folder });
    expect(ran.stderr).not.toMatch(trace);
    expect(ran.code).toBe(0);
    const findings = JSON.parse(ran.stdout) as Finding[];
    expect(findings.map((f) => f.name)).toEqual(['webgpu', 'tensorflow', 'wasm', 'cpu']);
    for (const f of findings) {
      if (f.available)
        expect(f).toMatchObject({ device: expect.stringMatching(/\w/), ms: expect.any(Number) });
      else
        expect(f).toMatchObject({
          why: expect.stringMatching(/\w/),
          get: expect.stringMatching(/\w/),
          ms: null,
        });
    }
    const [webgpu, tensorflow, wasm, cpu] = findings as [Finding, Finding, Finding, Finding];
    expect(wasm.memory).toBeGreaterThan(2 ** 28);
    expect(wasm.ms).toBeLessThan(cpu.ms!);
    expect(findings.filter((f) => f.auto)).toEqual([[webgpu, tensorflow, wasm].find((f) => f.auto)]);

    // `--backend` refuses in these words. (Few machines have all.)
    for (const { name, why, get } of findings.filter((f) => !f.available)) {
      const ran = await run(['train', ring, '--steps', '1', '--backend', name], { cwd: folder });
      expect(ran.stderr).not.toMatch(trace);
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toContain(`error: the backend ${name} is not here: ${why}\n`);
      expect(ran.stderr).toContain(`help: ${get}\n`);
      const named = await run(['backends', name], { cwd: folder });
      expect(named.code).toBe(1);
      expect(named.stdout).toMatch(new RegExp(`│ ${name} +│ not here`));
      expect(named.stdout).toContain(`\n${name}: ${why}\n  get it: ${get}\n`);
    }
  });

  test('a table on stdout, what the step is on stderr', async () => {
    const ran = await run(['backends', 'wasm'], { cwd: folder });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/│ backend +│ computes on +│ +memory │ +a small step │/);
    expect(ran.stdout).toMatch(/│ wasm +│ \d+ threads?, SIMD.*│ +\d+\.\d GiB │ +[\d.]+ ms │/);
    expect(ran.stderr).toMatch(/A small step: /);
  });

  test('one that does not exist is refused', async () => {
    const unknown = await run(['backends', 'abacus'], { cwd: folder });
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('error: there is no backend abacus');
    expect(unknown.stderr).toContain('webgpu, tensorflow, wasm, cpu');
  });
});
