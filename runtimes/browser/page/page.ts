/** The page of a model that trains in a browser: puts its parts together and wires them to the worker that trains. */
import './ui/language.ts';
import { connect } from '../connection.ts';
import type { NamedBytes } from '../protocol.ts';
import { Walk } from './latents/walk.ts';
import { countOf, OutputPanel } from './outputs/outputs.ts';
import { Checkpoints } from './run/checkpoints.ts';
import { CurvePanel } from './run/curves.ts';
import { saveBlob } from './run/save.ts';
import { Session } from './run/session.ts';
import { logCsv } from './run/thinning.ts';
import { Transport } from './run/transport.ts';
import { DataPreview, sayModel, sayWhatWillHappen } from './setup/before.ts';
import { setUpDrops } from './setup/drops.ts';
import { SettingsPanel } from './setup/settings.ts';
import { byId, onPress, setEnabled } from './ui/dom.ts';
import { setUpKeys } from './ui/keys.ts';
import { announce, clearProblems, sayNotice, sayProblem } from './ui/problems.ts';
import { setUpTheme } from './ui/theme.ts';
import { counted } from './ui/words.ts';

setUpTheme();
const session = new Session((message) => connection.send(message));
const curves = new CurvePanel();
const preview = new DataPreview();
const settings = new SettingsPanel(
  session,
  (opened) => preview.show(opened),
  () => sayWhatWillHappen(session, settings),
);
const checkpoints = new Checkpoints(session, { startFrom: (checkpoint) => void begin({ checkpoint }) });
const transport = new Transport(session, {
  start: () => begin({}),
  step: (count) => (session.begun ? session.makeSteps(count) : begin({ steps: count })),
  reset: () => void reset(),
});
const walk = new Walk(session);
let panels: OutputPanel[] = [];

// ---- what a person does ----

function begin({ checkpoint, steps = 0 }: { checkpoint?: NamedBytes | 'kept'; steps?: number }): void {
  const read = settings.read(checkpoint);
  if (read === null) return;
  for (const about of ['training', 'backend', 'checkpoint', 'drawing'] as const) clearProblems(about);
  clearRun();
  transport.begin();
  session.start(checkpoint === undefined ? read : { ...read, paused: true }, steps);
}

async function reset(): Promise<void> {
  const yes = await checkpoints.mayEnd('Reset?', 'Curves and pictures go, settings stay.', 'Reset');
  if (!yes) return;
  session.reset();
  announce('Reset: ready for another run');
  byId('go').focus();
}

function clearRun(): void {
  for (const panel of panels) panel.close();
  panels = [];
  curves.clear();
}

onPress(byId('save-csv'), () => {
  const name = session.model?.name ?? 'run';
  saveBlob(new Blob([logCsv(curves.log.entries)], { type: 'text/csv' }), `${name}-log.csv`);
});

setUpKeys({
  ' ': () => transport.pressGo(),
  s: () => transport.pressStep(),
  r: () => transport.pressReset(),
  l: () => curves.toggleLog(),
});

setUpDrops({
  checkpoint: (file) => void checkpoints.load(file),
  data(files, at) {
    const chooser =
      settings.choosers.find((c) => at !== null && c.element.contains(at)) ?? settings.choosers[0];
    if (session.begun) {
      sayProblem({
        about: 'training',
        message: 'the data of a run stay as they are',
        hint: 'reset it first, then drop the files again',
      });
    } else if (chooser === undefined) {
      sayProblem({ about: 'training', message: 'this model has no data', hint: null });
    } else chooser.give(files);
  },
});

document.addEventListener('visibilitychange', () => {
  session.send({ type: 'visible', visible: document.visibilityState === 'visible' });
});

// ---- what the worker says ----

session.on('ready', ({ model, isolated, backends }) => {
  sayModel(model);
  session.send({
    type: 'watch',
    outputs: Object.fromEntries(model.outputs.map((output) => [output.name, countOf(output)])),
  });
  const threadless = !isolated && backends.some((b) => b.name === 'wasm' && b.chosen);
  if (threadless) {
    sayNotice({
      about: 'backend',
      message: 'wasm has one thread here: the page is not cross-origin isolated',
      hint: 'ganc serve sends the two headers that give it all threads (COOP: same-origin, COEP: require-corp)',
    });
  }
  byId('go').focus();
});
session.on('started', ({ phases }) => {
  clearRun();
  curves.begin(phases);
  panels = session.model!.outputs.map((output) => new OutputPanel(output));
  byId('outputs').append(...panels.map((p) => p.element));
  for (const panel of panels) panel.onPick((index) => void walk.startFrom(panel.output.name, index));
});
session.on('samples', (drawn) => panels.find((p) => p.output.name === drawn.output)?.add(drawn));
session.on('surface', (surface) => {
  for (const panel of panels) panel.addSurface(surface);
});
session.on('real', (real) => {
  for (const panel of panels) panel.setReal(real);
});
session.on('logged', ({ entries }) => {
  curves.add(entries);
  setEnabled(byId('save-csv'), true);
});
session.on('restored', ({ step, lostSteps, why }) => {
  curves.rewind(step);
  for (const panel of panels) panel.rewind(step);
  sayNotice({
    about: 'training',
    message: `${why}: the run went back to step ${step}`,
    hint: `${counted(lostSteps, 'step')} are made again; nothing else is lost`,
  });
});
session.on('notice', sayNotice);
session.on('problem', (problem) => {
  const after = { nothing: null, run: afterRun(), worker: 'load the page again' }[problem.ends];
  const hints = [problem.hint, after].filter((h) => h !== null && h !== '');
  sayProblem({ ...problem, hint: hints.length === 0 ? null : hints.join('; ') });
});

/** What is left when a run has ended by a problem. */
function afterRun(): string | null {
  return session.begun && session.step > 0
    ? 'its last good weights can still be walked through and downloaded'
    : null;
}

let wasBegun = false;
session.onChange(() => {
  const { begun } = session;
  setEnabled(byId('save-csv'), begun && session.step > 0);
  sayWhatWillHappen(session, settings);
  if (begun === wasBegun) return;
  wasBegun = begun;
  document.body.dataset.begun = begun ? 'yes' : 'no';
  byId('before').hidden = begun;
  byId('outputs').hidden = !begun;
  if (!begun) clearRun();
  settings.lock(begun);
});

// Last: everything listens before the first message comes.
const connection = connect(document.body.dataset.model ?? './model.js', (message) =>
  session.receive(message),
);
