/** Comments of emitted code: which statement, which evaluation of a net, and which line of the file the next lines come from. */
import type { Node } from '../../ir/graph.ts';
import { isNumber } from '../../plan/numbers.ts';
import type { Step } from '../../plan/plan.ts';
import type { Writer } from '../text/writer.ts';
import type { Variables } from './variables.ts';

export class Comments {
  readonly #writer: Writer;
  readonly #variables: Variables;
  /** What the latest comments said. */
  #latest = new Set<string>();
  /** Nodes of which something has been said. */
  readonly #told = new Set<Node>();
  /** The evaluation of a net that the lines are under; '' where a formula is part of several, or of none. */
  #evaluation: string | null;

  /** `evaluation`: what the reader has been told already that the lines evaluate. */
  constructor(writer: Writer, variables: Variables, evaluation: string | null) {
    this.#writer = writer;
    this.#variables = variables;
    this.#evaluation = evaluation;
  }

  /** A block begins or ends: what the comments around it said is said again. */
  block(): void {
    this.#latest = new Set();
  }

  /** A call of a function follows, which says itself what it evaluates. */
  call(): void {
    if (this.#evaluation !== null) this.#writer.blank();
    this.#evaluation = null;
    this.#latest = new Set();
  }

  /** The statement of the schedule for which the next lines are there. */
  heading(step: Step): void {
    const writer = this.#writer;
    if (!('span' in step)) return;
    writer.blank();
    const text = step.kind === 'update' ? step.text : writer.sources.text(step.span).replace(/\s*\{.*$/, '');
    const place = writer.sources.place(step.span);
    const what =
      step.kind === 'when' && step.guard.kind === 'logged' ? 'metrics, at steps that are written down' : text;
    if (what === '' || (step.kind === 'when' && step.guard.kind === 'positive')) return;
    const where = place && what === text ? ` (line ${place.line + 1})` : '';
    writer.comment(`── ${what.replace(/\s+/g, ' ')}${where}`, step.span);
    this.#latest = new Set();
    this.#evaluation = null;
  }

  /**
   * The source, where what it says begins: a layer with its arguments, or a whole line outside the nets. A heading says
   * which evaluation of a net follows.
   */
  of(...nodes: readonly Node[]): void {
    const [writer, variables] = [this.#writer, this.#variables];
    const found = new Map<string, { node: Node; where: string; ways: Set<boolean> }>();
    const evaluations = new Set<string | null>();
    for (const node of nodes) {
      const place = writer.sources.place(node.span);
      if (!place || this.#told.has(node) || isNumber(node)) continue;
      this.#told.add(node);
      evaluations.add(variables.evaluation(node));
      const id = `${node.span.file} ${node.origin.includes('/') ? `${node.span.start} ${node.origin}` : place.line}`;
      const where = `${variables.isMain(node.span) ? '' : `${node.span.file} `}line ${place.line + 1}`;
      const known = found.get(id) ?? { node, where, ways: new Set() };
      known.ways.add(node.kind === 'op' && variables.isBackward(node));
      found.set(id, known);
    }
    if (found.size === 0) return;
    const heading = narrowest(evaluations);
    // What does not depend on what a net is given is part of its evaluation all the same.
    const isPart = nodes.every((node) => node.derived === 0) && this.#evaluation?.startsWith(`${heading}(`);
    if (heading !== this.#evaluation && !isPart) {
      writer.blank();
      if (heading) writer.remark(`${heading}:`);
      this.#latest = new Set();
    }
    if (!isPart) this.#evaluation = heading;
    const before = this.#latest;
    this.#latest = new Set();
    for (const [id, { node, where, ways }] of found) {
      // Under a heading it is plain which way it goes.
      const way = heading || !ways.has(true) ? '' : ways.has(false) ? ' and its gradient' : ', its gradient';
      this.#latest.add(id + way);
      if (before.has(id + way)) continue;
      const inNet = node.origin.includes('/');
      const text = `${where}${way}: ${inNet ? writer.sources.text(node.span) : writer.sources.line(node.span)}`;
      writer.remark(text, node.span);
    }
  }
}

/** Of `gradient of D(x)` and `gradient of D` the first; '' for what belongs to several, or to none. */
function narrowest(evaluations: ReadonlySet<string | null>): string {
  const all = [...evaluations];
  const found = all.find((e) => e && all.every((other) => other === e || e.startsWith(`${other}(`)));
  return found ?? '';
}
