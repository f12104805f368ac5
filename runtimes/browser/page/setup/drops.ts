/** Files dropped anywhere on the page: a checkpoint is loaded, all else is data. */

import { type Dropped, droppedFiles } from '../run/save.ts';
import { byId } from '../ui/dom.ts';
import { sayProblem } from '../ui/problems.ts';

export interface DropActions {
  checkpoint(file: File): void;
  /** `at`: where on the page they were dropped. */
  data(files: readonly Dropped[], at: Element | null): void;
}

export function setUpDrops(actions: DropActions): void {
  const veil = byId('drop-veil');
  // A child that is entered comes before the one that is left.
  let inside = 0;
  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  document.addEventListener('dragenter', (event) => {
    if (!carriesFiles(event)) return;
    inside++;
    veil.hidden = false;
  });
  document.addEventListener('dragleave', (event) => {
    if (!carriesFiles(event)) return;
    inside = Math.max(0, inside - 1);
    veil.hidden = inside === 0;
  });
  document.addEventListener('dragover', (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  document.addEventListener('drop', (event) => {
    inside = 0;
    veil.hidden = true;
    if (event.dataTransfer === null || !carriesFiles(event)) return;
    event.preventDefault();
    void take(event.dataTransfer, event.target as Element | null, actions);
  });
}

async function take(transfer: DataTransfer, at: Element | null, actions: DropActions): Promise<void> {
  let files: Dropped[];
  try {
    files = await droppedFiles(transfer);
  } catch {
    sayProblem({ about: 'training', message: 'what was dropped cannot be read', hint: 'try again' });
    return;
  }
  const checkpoint = files.find(({ path }) => path.endsWith('.safetensors'));
  if (checkpoint !== undefined) actions.checkpoint(checkpoint.file);
  else if (files.length > 0) actions.data(files, at);
}
