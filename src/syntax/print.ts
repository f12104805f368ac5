/** The syntax tree as indented text, for `ganc compile --emit ast`: one node a line, children below. */
import type {
  Arg,
  Callee,
  Declaration,
  DistExpr,
  Expr,
  File,
  Name,
  Pattern,
  Stage,
  Statement,
  TypeExpr,
} from './ast.ts';

/** A line and what stands under it. */
interface Line {
  readonly text: string;
  readonly below: readonly Line[];
}

const line = (text: string, ...below: readonly (Line | readonly Line[])[]): Line => ({
  text,
  below: below.flat(),
});

/** Ends with a newline; the same tree gives the same text. */
export function printAst(file: File): string {
  const out: string[] = [];
  const write = ({ text, below }: Line, depth: number) => {
    out.push('  '.repeat(depth) + text);
    for (const inner of below) write(inner, depth + 1);
  };
  write(line(`file ${file.path}`, file.declarations.map(declaration)), 0);
  return `${out.join('\n')}\n`;
}

function declaration(d: Declaration): Line {
  const doc = d.doc === '' ? [] : d.doc.split('\n').map((text) => line(`/// ${text}`));
  switch (d.kind) {
    case 'param':
    case 'optimizer':
    case 'loss':
    case 'metric':
    case 'output':
      return line(`${d.kind} ${d.name.text}`, doc, expression(d.value));
    case 'data':
      return line(
        `data${d.from ? ` from ${JSON.stringify(d.from.value)}` : ''}`,
        doc,
        d.names.map((name, i) => typed(name, d.types[i]!)),
        d.args.map(argument),
      );
    case 'noise':
      return line(`noise ${d.name.text}`, doc, distribution(d.dist));
    case 'init':
      return line(`init ${d.slot.text}`, doc, distribution(d.dist));
    case 'net':
      return line(
        `net ${d.name.text}${d.from ? ` from ${JSON.stringify(d.from.value)}` : ''}`,
        doc,
        d.count ? line('count', expression(d.count)) : [],
        d.params.map((p) => typed(p.name, p.type, 'parameter ')),
        d.result.kind === 'single'
          ? line('result', type(d.result.type))
          : line(
              'results',
              d.result.fields.map((f) => typed(f.name, f.type)),
            ),
        expression(d.body),
      );
    case 'state':
      return line(
        `state ${d.name.text}`,
        doc,
        d.start.kind === 'value'
          ? expression(d.start.value)
          : [
              ...(d.start.count ? [line('count', expression(d.start.count))] : []),
              distribution(d.start.dist),
            ],
      );
    case 'def':
      return line(
        `def ${d.name.text}`,
        doc,
        d.params.map((p) => line(`parameter ${p.name.text}`, p.default ? [expression(p.default)] : [])),
        expression(d.body),
      );
    case 'let':
      return line(`let ${pattern(d.pattern)}`, doc, expression(d.value));
    case 'train':
      return line(
        `train${d.name ? ` ${d.name.text}` : ''}`,
        doc,
        d.args.map(argument),
        d.body.map(statement),
      );
    case 'use':
      return line(`use ${JSON.stringify(d.path.value)}`, doc);
    case 'error':
      return line('error', doc);
  }
}

const typed = (name: Name, t: TypeExpr, prefix = ''): Line => line(`${prefix}${name.text}`, type(t));

function type(t: TypeExpr): Line {
  return line(`type ${t.base === null ? 'tensor' : t.base.text}`, t.dims.map(expression));
}

function distribution(d: DistExpr): Line {
  const shape = d.shape === null ? [] : [line('shape', d.shape.map(expression))];
  return line(`distribution ${d.name.text}`, d.args.map(argument), shape);
}

function argument(a: Arg): Line {
  return a.name === undefined ? expression(a.value) : line(`${a.name.text} =`, expression(a.value));
}

function pattern(p: Pattern): string {
  return p.kind === 'name' ? p.name.text : `(${p.names.map((n) => n.text).join(', ')})`;
}

const callee = (c: Callee): string =>
  c.name.text + (c.index ? '[…]' : '') + (c.field ? `.${c.field.text}` : '');

/** Which net of a list a callee is. */
const place = (c: Callee): readonly Line[] => (c.index ? [line('index', expression(c.index))] : []);

function expression(e: Expr): Line {
  switch (e.kind) {
    case 'number':
      return line(`number ${e.text}`);
    case 'string':
      return line(`string ${JSON.stringify(e.value)}`);
    case 'boolean':
      return line(String(e.value));
    case 'name':
      return line(`name ${e.name}`);
    case 'list':
      return line('list', e.items.map(expression));
    case 'tuple':
      return line(
        'tuple',
        e.items.map(({ name, value }) =>
          name ? line(`${name.text} =`, expression(value)) : expression(value),
        ),
      );
    case 'binary':
      return line(e.op, expression(e.left), expression(e.right));
    case 'unary':
      return line(`prefix ${e.op}`, expression(e.operand));
    case 'if':
      return ifs(e);
    case 'call':
      return line(`call ${callee(e.callee)}`, place(e.callee), e.args.map(argument));
    case 'field':
      return line(`field ${e.field.text}`, expression(e.object));
    case 'index':
      return line('index', expression(e.object), expression(e.index));
    case 'pipe':
      return line('pipe', expression(e.head), e.stages.map(stage));
    case 'block':
      return line(
        'block',
        e.lets.map((l) => line(`let ${pattern(l.pattern)}`, expression(l.value))),
        line('return', expression(e.result)),
      );
    case 'draw':
      return line('draw', distribution(e.dist));
    case 'error':
      return line('error');
  }
}

/** `else if`s stay flat, as they are written. */
function ifs(first: Expr): Line {
  const below: Line[] = [];
  let rest = first;
  while (rest.kind === 'if') {
    below.push(line('if', expression(rest.condition)), line('then', expression(rest.then)));
    rest = rest.else;
  }
  below.push(line('else', expression(rest)));
  return line('choice', below);
}

function stage(s: Stage): Line {
  switch (s.kind) {
    case 'stage':
      return line(
        `stage ${callee(s.callee)}${s.as ? ` as ${s.as.text}` : ''}`,
        place(s.callee),
        (s.args ?? []).map(argument),
      );
    case 'each':
    case 'repeat':
      return line(
        `${s.kind} ${s.variable.text}`,
        s.list.kind === 'range'
          ? line('range', expression(s.list.from), expression(s.list.to))
          : line('in', expression(s.list.expr)),
        s.stages.map(stage),
      );
    case 'scan':
      return line(`scan ${pattern(s.state)}`, line('from', expression(s.initial)), s.stages.map(stage));
    case 'choice':
      return line('stage', expression(s.expr));
    case 'error':
      return line('stage', line('error'));
  }
}

const names = (all: readonly Name[]): string => all.map((n) => n.text).join(', ');

function statement(s: Statement): Line {
  switch (s.kind) {
    case 'sample':
      return line(`sample ${names(s.sources)}`, s.count ? [line('count', expression(s.count))] : []);
    case 'update':
      return line(
        `update ${names(s.nets)}`,
        line(s.direction, expression(s.objective)),
        line('with', expression(s.optimizer)),
      );
    case 'repeat':
      return line('repeat', line('count', expression(s.count)), s.body.map(statement));
    case 'every':
      return line('every', line('period', expression(s.period)), s.body.map(statement));
    case 'together':
    case 'once':
      return line(s.kind, s.body.map(statement));
    case 'clip':
      return s.to.kind === 'norm'
        ? line(`clip ${s.net.text}`, line('norm', expression(s.to.most)))
        : line(`clip ${s.net.text}`, line('low', expression(s.to.low)), line('high', expression(s.to.high)));
    case 'set':
      return line(`set ${s.state.text}`, expression(s.value));
    case 'save':
    case 'restore':
      return line(`${s.kind} ${names(s.nets)}`);
    case 'if':
      return line(
        'if',
        s.branches.map(({ condition, body }) =>
          line(condition ? 'when' : 'else', condition ? [expression(condition)] : [], body.map(statement)),
        ),
      );
    case 'average':
      return line(`average ${s.net.text}`, line('decay', expression(s.decay)));
    case 'error':
      return line('error');
  }
}
