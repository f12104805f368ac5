/**
 * A worker that trains nothing and says what one that trains would say, by the same protocol: so the page is tested in
 * every state, at once and alike each time. What it draws is a plain function of latents and step.
 * Its module's address says which model it plays: `replay.js?points`.
 */
import type {
  Drawn,
  FromWorker,
  LogEntry,
  ModelFacts,
  PhaseFacts,
  RunState,
  Settings,
  ToWorker,
} from '../../runtimes/browser/protocol.ts';
import { none } from '../../runtimes/core/run/facts.ts';

const query = new URL(import.meta.url).searchParams;
const kind = query.has('points') ? 'points' : query.has('mixed') ? 'mixed' : 'pictures';
/** Milliseconds a step. */
const PACE = 4;

const phases: PhaseFacts[] = [
  {
    name: 'train',
    leastBatch: 1,
    fixedBatch: false,
    batch: 32,
    steps: 3000,
    epochs: null,
    losses: ['d_loss', 'g_loss'],
    metrics: kind === 'mixed' ? ['accuracy'] : [],
  },
];
const picture = { meaning: 'image' as const, shape: [14, 14, 1] };
const point = { meaning: 'tensor' as const, shape: [2] };
const type = kind === 'points' ? point : picture;

const outputs: ModelFacts['outputs'] = [
  {
    name: 'samples',
    doc: kind === 'points' ? 'Points, from the average of the weights.' : 'What G draws.',
    type,
    view: kind === 'points' ? 'points' : 'image',
    sources: ['z'],
    latents: ['z'],
  },
];
if (kind === 'mixed') {
  outputs.push(
    {
      name: 'codes',
      doc: '',
      type: { meaning: 'tensor', shape: [6] },
      view: 'numbers',
      sources: ['x'],
      latents: [],
    },
    {
      name: 'tones',
      doc: '',
      type: { meaning: 'sound', shape: [512, 1] },
      view: 'sound',
      sources: ['z', 'c'],
      latents: ['z', 'c'],
    },
  );
}

const model: ModelFacts = {
  name: kind,
  doc: 'A model that is only played.\n\nIt has a second paragraph, which is found below.',
  source: 'models/played.gan',
  params: { latent: 8, rate: 2e-3 },
  data: [
    {
      name: 'x',
      fields: [{ name: 'x', type }],
      from: kind === 'points' ? 'ring' : 'fashion',
      builtIn: kind === 'points' ? ['ring', 'grid', 'spiral'] : ['fashion'],
      accepts: {
        words: 'IDX, NPY, NPZ or CSV files, or pictures',
        endings: ['.npy', '.npz', '.csv', '.gz', '.png'],
      },
    },
  ],
  noise: [
    { name: 'z', dist: { kind: 'normal', mean: 0, std: 1 }, shape: [8] },
    ...(kind === 'mixed' ? [{ name: 'c', dist: { kind: 'categorical' as const }, shape: [3] }] : []),
  ],
  nets: [
    { name: 'G', weights: 123_456 },
    { name: 'D', weights: 65_432 },
  ],
  phases,
  outputs,
  probes: kind === 'points' ? [{ name: 'D', data: 'x' }] : [],
};

let state: RunState = 'idle';
let step = 0;
let seed = 0;
let total = 3000;
let timer: ReturnType<typeof setTimeout> | null = null;
/** Steps to make before the next pause. */
let budget = Number.POSITIVE_INFINITY;
/** Turns of the run: what is drawn after a reset is not the old one's. */
let drawnAt = 0;

let restored = false;

function say(message: FromWorker): void {
  postMessage(message);
}

function become(next: RunState): void {
  state = next;
  say({ type: 'state', state, step });
}

/** Numbers that look random and are the same each time. */
function noise(of: number, index: number): number {
  const v = Math.sin(12.9898 * (index + 1) + 78.233 * (of + 1)) * 43758.5453;
  return v - Math.floor(v);
}

function normals(of: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const radius = Math.sqrt(-2 * Math.log(noise(of, 2 * i) * 0.999 + 0.0005));
    return radius * Math.cos(2 * Math.PI * noise(of, 2 * i + 1));
  });
}

function latentsFor(count: number, of: number): Record<string, Float32Array> {
  const latents: Record<string, Float32Array> = { z: normals(of, 8 * count) };
  if (kind === 'mixed') {
    latents.c = Float32Array.from({ length: 3 * count }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 1 : 0));
  }
  return latents;
}

/** Round shapes of which the latents decide place, size and light, and which come out of the fog as the run goes on. */
function drawPictures(z: Float32Array, count: number): Float32Array {
  const clear = Math.min(1, step / 200);
  const values = new Float32Array(count * 196);
  for (let k = 0; k < count; k++) {
    const [a = 0, b = 0, c = 0, d = 0] = z.subarray(8 * k, 8 * k + 4);
    for (let y = 0; y < 14; y++) {
      for (let x = 0; x < 14; x++) {
        const [dx, dy] = [(x - 6.5 - 1.5 * a) / (3 + c), (y - 6.5 - 1.5 * b) / (4 - 0.7 * c)];
        const inside = 1.6 / (1 + Math.exp(4 * (dx * dx + dy * dy - 1))) - 0.9 + 0.15 * d;
        const fog = 2 * noise(k, 14 * y + x) - 1;
        values[k * 196 + 14 * y + x] = clear * inside + (1 - clear) * fog;
      }
    }
  }
  return values;
}

function drawPoints(z: Float32Array, count: number): Float32Array {
  const clear = Math.min(1, step / 300);
  const values = new Float32Array(2 * count);
  for (let k = 0; k < count; k++) {
    const [a = 0, b = 0, c = 0] = z.subarray(8 * k, 8 * k + 3);
    const corner = (Math.round((Math.atan2(b, a) * 4) / Math.PI) * Math.PI) / 4;
    values[2 * k] = clear * (2 * Math.cos(corner) + 0.05 * c) + (1 - clear) * 0.7 * a;
    values[2 * k + 1] = clear * (2 * Math.sin(corner) + 0.05 * a) + (1 - clear) * 0.7 * b;
  }
  return values;
}

function drawn(name: string, count: number, latents: Record<string, Float32Array>): Drawn {
  const z = latents.z!;
  if (name === 'codes') return { output: name, step, count, shape: [6], values: normals(step, 6 * count) };
  if (name === 'tones') {
    const values = Float32Array.from(
      { length: 512 * count },
      (_, i) => 0.8 * Math.exp(-(i % 512) / 200) * Math.sin((i % 512) / (3 + z[0]!)),
    );
    return { output: name, step, count, shape: [512, 1], values, sampleRate: 16_000 };
  }
  return kind === 'points'
    ? { output: name, step, count, shape: [2], values: drawPoints(z, count) }
    : { output: name, step, count, shape: [14, 14, 1], values: drawPictures(z, count) };
}

let watched: Record<string, number> = {};

function draw(): void {
  drawnAt = step;
  for (const [name, count] of Object.entries(watched)) {
    say({ type: 'samples', ...drawn(name, count, latentsFor(count, 1)) });
  }
  if (kind !== 'points') return;
  const region = { x: [-3, 3] as [number, number], y: [-3, 3] as [number, number], columns: 64, rows: 64 };
  const values = Float32Array.from({ length: 4096 }, (_, i) => {
    const [x, y] = [-3 + (6 * (i % 64)) / 63, -3 + (6 * Math.floor(i / 64)) / 63];
    const ring = Math.hypot(x, y) - 2;
    return (
      Math.min(1, step / 100) *
      (2.2 * Math.exp(-3 * ring * ring) * (1 + Math.cos(8 * Math.atan2(y, x))) - 1.4)
    );
  });
  say({ type: 'surface', probe: 'D', step, region, values });
}

function real(): void {
  const values = kind === 'points' ? circle(1000) : realPictures(64);
  say({ type: 'real', record: 'x', field: 'x', spec: type, count: kind === 'points' ? 1000 : 64, values });
}

function circle(count: number): Float32Array {
  return Float32Array.from({ length: 2 * count }, (_, i) => {
    const corner = (Math.floor(i / 2) % 8) * (Math.PI / 4);
    return 2 * (i % 2 === 0 ? Math.cos(corner) : Math.sin(corner)) + 0.04 * (noise(7, i) - 0.5);
  });
}

function realPictures(count: number): Float32Array {
  const was = step;
  step = 1000;
  const values = drawPictures(normals(99, 8 * count), count);
  step = was;
  return values;
}

function values(): LogEntry['values'] {
  const t = step / total;
  const out: LogEntry['values'] = {
    d_loss: 1.2 - 0.5 * t + 0.25 * (noise(3, step) - 0.5) + 0.2 * Math.sin(step / 20),
    g_loss: 0.7 + 0.6 * t + 0.4 * (noise(5, step) - 0.5) - 0.2 * Math.sin(step / 20),
  };
  if (kind === 'mixed') out.accuracy = 0.5 + 0.4 * t + 0.05 * noise(9, step);
  return out;
}

function makeStep(): void {
  timer = null;
  if (state !== 'running') return;
  step++;
  budget--;
  const now = values();
  const entry = { step, phase: 'train', phaseStep: step, epoch: 0, ms: PACE, values: now };
  if (step % 2 === 0 || step === 1) say({ type: 'logged', entries: [entry] });
  if (step % 5 === 0 || budget <= 0) {
    say({
      type: 'progress',
      progress: {
        phase: 'train',
        done: step,
        of: total,
        epoch: 0,
        fraction: step / total,
        step,
        ms: 3.2,
        left: 3.2 * (total - step),
        values: now,
      },
    });
  }
  if (step - drawnAt >= 20) draw();
  if (query.has('breaks') && step === 60) {
    const message = 'g_loss became NaN at step 60';
    say({
      type: 'problem',
      id: null,
      about: 'training',
      message,
      hint: 'a lower learning rate often helps',
      ends: 'run',
    });
    draw();
    become('failed');
    return;
  }
  if (query.has('restores') && step === 60 && !restored) {
    restored = true;
    step = 40;
    drawnAt = 40;
    say({ type: 'restored', step, lostSteps: 20, why: 'the GPU was lost' });
  }
  if (step >= total) {
    draw();
    become('finished');
    return;
  }
  if (budget <= 0) {
    budget = Number.POSITIVE_INFINITY;
    draw();
    become('paused');
    return;
  }
  timer = setTimeout(makeStep, PACE);
}

function run(): void {
  become('running');
  timer = setTimeout(makeStep, PACE);
}

function start(settings: Settings): void {
  if (timer !== null) clearTimeout(timer);
  step = 0;
  seed = settings.seed;
  if (settings.checkpoint !== undefined && settings.checkpoint !== 'kept') {
    const held = JSON.parse(new TextDecoder().decode(settings.checkpoint.bytes)) as {
      step: number;
      seed: number;
    };
    ({ step, seed } = held);
  }
  total = settings.steps?.train ?? 3000;
  budget = Number.POSITIVE_INFINITY;
  become('starting');
  const facts = phases.map((p) => ({ ...p, steps: total }));
  const backend = settings.backend === 'auto' ? 'wasm' : settings.backend;
  say({ type: 'started', backend, line: `${backend}: 2 threads, relaxed SIMD`, seed, step, phases: facts });
  real();
  draw();
  if (settings.paused) become('paused');
  else run();
}

function refuse(id: number | null, about: 'data' | 'checkpoint', message: string, hint: string): void {
  say({ type: 'problem', id, about, message, hint, ends: 'nothing' });
}

async function open(message: Extract<ToWorker, { type: 'open' }>): Promise<void> {
  const { id, record, choice } = message;
  if (choice.kind === 'files' && choice.files.some((f) => !/\.(npy|npz|csv|png)$/.test(f.path))) {
    const name = choice.files[0]!.path;
    refuse(
      id,
      'data',
      `${name} is no data that can be read`,
      'IDX, NPY, NPZ and CSV files and pictures can be',
    );
    return;
  }
  const count = kind === 'points' ? 1000 : 36;
  const values = kind === 'points' ? circle(count) : realPictures(count);
  const origin = choice.kind === 'files' ? choice.files[0]!.path : choice.name;
  const facts = { ...none, origin, count: 10_000 };
  const fields = [{ name: 'x', type, count, values }];
  say({ type: 'opened', id, record, origin, count: 10_000, facts, fields });
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case 'start':
      start(data.settings);
      break;
    case 'pause':
      draw();
      become('paused');
      break;
    case 'resume':
      run();
      break;
    case 'step':
      budget = data.count;
      run();
      break;
    case 'stop':
      if (timer !== null) clearTimeout(timer);
      become('stopped');
      break;
    case 'open':
      void open(data);
      break;
    case 'describe': {
      try {
        const held = JSON.parse(new TextDecoder().decode(data.checkpoint.bytes));
        say({
          type: 'described',
          id: data.id,
          model: held.model,
          seed: held.seed,
          step: held.step,
          fits: held.model === kind,
        });
      } catch {
        refuse(
          data.id,
          'checkpoint',
          `${data.checkpoint.name} is not a checkpoint`,
          'a checkpoint is a .safetensors file that a run has written',
        );
      }
      break;
    }
    case 'checkpoint': {
      const bytes = new TextEncoder().encode(JSON.stringify({ model: kind, step, seed }))
        .buffer as ArrayBuffer;
      say({ type: 'checkpoint', id: data.id, name: `${kind}-${step}.safetensors`, step, bytes });
      break;
    }
    case 'sample': {
      const { from } = data;
      const latents =
        from.kind === 'values'
          ? { ...latentsFor(data.count, 1), ...from.values }
          : latentsFor(data.count, from.kind === 'fixed' ? 1 : from.seed);
      say({ type: 'sample', id: data.id, latents, ...drawn(data.output, data.count, latents) });
      break;
    }
    case 'watch':
      watched = data.outputs ?? watched;
      break;
    case 'forget':
      say({ type: 'kept', kept: null });
      break;
    default:
  }
};

say({
  type: 'ready',
  model,
  isolated: !query.has('alone'),
  kept: query.has('kept')
    ? { step: 1200, seed: 4, at: Date.UTC(2026, 0, 2, 3, 4), files: [], backend: 'wasm' }
    : null,
  backends: [
    {
      name: 'webgl',
      available: true,
      device: 'SwiftShader',
      why: 'a GPU in software: wasm is faster',
      chosen: false,
    },
    { name: 'webgpu', available: false, device: null, why: 'this browser has no WebGPU', chosen: false },
    { name: 'wasm', available: true, device: '2 threads, relaxed SIMD', why: null, chosen: true },
    { name: 'cpu', available: true, device: 'JavaScript', why: 'slow', chosen: false },
  ],
});
