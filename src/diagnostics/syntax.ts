/** GAN01xx: text and syntax. */
import type { Entry } from './diagnostic.ts';

/** Texts that would fill a screen: what `use` brings in the examples of two codes. */
const large = '// a very long file\n'.repeat(65_536);
const chain = `param sum = 1${' + 1'.repeat(300)}\n`;

export const syntax = {
  GAN0101: {
    severity: 'error',
    title: 'the file is too large',
    message: ({ bytes, limit }: { bytes: number; limit: number }) =>
      `The file has ${bytes.toLocaleString('en')} bytes; a \`.gan\` file has ${limit.toLocaleString('en')} at most`,
    explain: `
A \`.gan\` file holds one model, written by a person or a small script. One that is larger than 1 MiB is almost
always something else under this name: a data set, a checkpoint, a picture.

Check the path. If the file really is a generated model, let the generator write \`each i in 1..n { … }\` or a
\`def\` instead of repeating the lines, or spread it over several files and bring them together by \`use\`.`,
    example: 'use "large.gan"\n',
    exampleFiles: { 'large.gan': large },
  },

  GAN0102: {
    severity: 'error',
    title: 'the file is not a text',
    message: ({ what, line }: { what: string; line: number }) =>
      `The file is not a UTF-8 text: line ${line} holds ${what}`,
    explain: `
A \`.gan\` file is a text in UTF-8. This one holds a NUL byte, or bytes that mean nothing in UTF-8 (they are shown as
�). Either it is not a text at all (a picture, an archive, a checkpoint), or it was saved in another encoding, such
as UTF-16 or Latin-1.

Check the path. If the file is right, open it in an editor and save it as UTF-8; from a shell,
\`iconv -f LATIN1 -t UTF-8 old.gan > new.gan\` does it.`,
    example: '// caf\uFFFD\nparam latent = 100\n',
  },

  GAN0103: {
    severity: 'error',
    title: 'a character that means nothing here',
    message: ({ character }: { character: string }) => `\`${character}\` means nothing in a \`.gan\` file`,
    explain: `
Outside strings and comments the language uses letters, digits, \`_\` and these signs:

    + - * / % ^   == != < <= > >=   && || !   = ~ : , . ..   -> |>   ( ) [ ] { }

Letters may be of any script (\`μ\`, \`σ2\`), but not superscripts (\`σ²\`). Characters that came from a paper or a word
processor are the usual cause: write \`-\` for “−”, \`*\` for “×”, \`->\` for “→”, \`"…"\` for “…”. No \`;\` is needed
anywhere, since every declaration begins with a keyword.`,
    example: 'param latent = 100;\n',
  },

  GAN0104: {
    severity: 'error',
    title: 'a string without its end',
    message: (_: Record<string, never>) => 'This string has no closing quote',
    explain: `
A string begins with \`"\` and ends with \`"\` on the same line. Between them every character stands for itself; there
are no escapes, so a string cannot hold a \`"\` or a line's end.

Put the second quote where the string ends.`,
    example: 'data x ~ image[28, 28, 1] from "fashion\n',
  },

  GAN0105: {
    severity: 'error',
    title: 'a number runs into a letter',
    message: ({ number }: { number: string }) => `\`${number}\` is neither a number nor a name`,
    explain: `
A number is written \`64\`, \`0.5\`, \`2e-4\` or \`20_000\`, and may not touch a letter. A product needs its sign: \`2 * x\`,
not \`2x\`. There are no units or suffixes (\`1k\`, \`0.5f\`) and no hexadecimal numbers. An underscore groups digits, so it
stands between two of them. A name cannot begin with a digit: \`conv2\`, not \`2conv\`.`,
    example: 'def double(x) = 2x\n',
  },

  GAN0106: {
    severity: 'error',
    title: 'a dot without digits on both sides',
    message: ({ number }: { number: string }) => `\`${number}\` needs digits on both sides of its dot`,
    explain: `
In a number, digits stand before and after the dot: \`0.5\` and not \`.5\`, \`1.0\` (or \`1\`) and not \`1.\`. So \`1..4\`, the
range of an \`each\`, and \`E(x).mu\`, a field, can never be misread.`,
    example: 'init kernel ~ normal(0, .02)\n',
  },

  GAN0107: {
    severity: 'error',
    title: 'a number too large',
    message: ({ number }: { number: string }) => `\`${number}\` is larger than any number that can be held`,
    explain: `
Constants are 64-bit floating-point numbers, and the largest is about 1.8e308. Values of the running model are 32-bit, up
to about 3.4e38.

A number of this size is usually a slip in the exponent (\`2e-4\`, not \`2e4\`).`,
    example: 'def huge(x) = x * 1e999\n',
  },

  GAN0108: {
    severity: 'error',
    title: 'a bracket is not closed',
    message: ({ bracket, closer }: { bracket: string; closer: string }) =>
      `This \`${bracket}\` has no \`${closer}\``,
    explain: `
A bracket was opened, and the text went on to the next declaration (or the end of the file, or the end of a bracket
around it) without closing it. The finding points at the bracket that was opened; a second mark shows where the text
stopped making sense, or where the next part begins.

The declarations after it are read as usual, so its closing bracket is all there is to mend.`,
    example: 'def twice(x) = 2 * (x + 1\n',
  },

  GAN0109: {
    severity: 'error',
    title: 'a closing bracket that closes nothing',
    message: ({ bracket, opened }: { bracket: string; opened: string | null }) =>
      opened === null
        ? `This \`${bracket}\` closes nothing`
        : `This \`${bracket}\` stands where the \`${opened}\` should be closed`,
    explain: `
Every closing bracket belongs to one that was opened before, of the same kind: \`(…)\` around arguments and tuples,
\`[…]\` around shapes and lists, \`{…}\` around the stages of an \`each\`, the lines of a block, and statements.

Take the bracket away, open it where it should begin, or write the kind that fits.`,
    example: 'def twice(x) = 2 * x)\n',
  },

  GAN0110: {
    severity: 'error',
    title: 'nested too deeply',
    message: ({ limit }: { limit: number }) => `Brackets and \`if\`s nest more than ${limit} deep here`,
    explain: `
Brackets may nest 64 deep, counting an \`if\` inside a \`then\` as one more. Nobody reads what is deeper; generated text is
the usual cause.

Name the inner parts by \`let\` or \`def\`, or write a pipeline (\`x |> f |> g\`), which may have any number of stages,
instead of calls within calls (\`g(f(x))\`).`,
    example: `def deep(x) = ${'('.repeat(65)}x${')'.repeat(65)}\n`,
  },

  GAN0111: {
    severity: 'error',
    title: 'a chain too long',
    message: ({ what, limit }: { what: 'operators' | 'else if'; limit: number }) =>
      what === 'operators'
        ? `More than ${limit} operators stand within one another here`
        : `More than ${limit} \`else if\`s follow one another here`,
    explain: `
A chain of operators (\`a + b + c + …\`) may be 256 long, and so may a chain of \`else if\`. Through several levels of
brackets 1,024 operators may stand within one another. A pipeline of \`|>\` has no limit.

Name parts of the expression by \`let\`; for a sum over many terms take \`sum\` of a list, or an \`each\`.`,
    example: 'use "chain.gan"\n',
    exampleFiles: { 'chain.gan': chain },
  },

  GAN0112: {
    severity: 'error',
    title: 'something else was expected',
    message: ({ expected, found }: { expected: string; found: string }) =>
      `Expected ${expected}, but found ${found}`,
    explain: `
The text cannot go on like this: at this place only certain words and signs make sense. The message names what would have
been right, and what stands there instead. Often something is missing just before: a comma, a closing bracket, a value, an
\`=\`.

Each kind of declaration has one form; \`grammar/README.md\` lists them on a page, \`grammar/gan.ebnf\` exactly.`,
    example: 'param latent 100\n',
  },

  GAN0113: {
    severity: 'error',
    title: 'not a declaration',
    message: ({ found }: { found: string }) => `No declaration begins with \`${found}\``,
    explain: `
A file is a row of declarations, and each begins with its keyword: \`param\`, \`data\`, \`noise\`, \`state\`, \`init\`, \`net\`, \`optimizer\`,
\`def\`, \`let\`, \`loss\`, \`metric\`, \`output\`, \`train\` or \`use\`. This text belongs to none of them.

A misspelled keyword is the usual cause, or a value without its \`let NAME =\`. Statements (\`sample\`, \`update\`, …) stand only
inside a \`train (…) { … }\`.`,
    example: 'parm latent = 100\n',
  },

  GAN0114: {
    severity: 'error',
    title: 'a parenthesis that calls nothing',
    message: ({ after, block }: { after: string; block: boolean }) =>
      block
        ? `This \`(\` begins an expression of its own after \`${after}\`; the block’s \`return\` is missing`
        : `This \`(\` doesn’t touch \`${after}\`, so it isn’t a call but an expression of its own`,
    explain: `
Line ends mean nothing in a \`.gan\` file, so the space before a \`(\` decides: the parenthesis of a call touches the name
that it calls, \`f(x)\`. Anywhere else a \`(\` begins an expression of its own, and two expressions cannot stand side by side.

- To call, take the space away: \`G(z)\`, not \`G (z)\`.
- To multiply, write the sign: \`2 * (a + b)\`, not \`2 (a + b)\`.
- The result of a block stands after \`return\`: \`{ let h = relu(x)  return (h, h) }\`.`,
    example: 'def activate(x) = relu (x)\n',
  },

  GAN0115: {
    severity: 'error',
    title: 'this word cannot be a name',
    message: ({ word, use }: { word: string; use: 'reserved' | 'given' }) =>
      use === 'reserved'
        ? `\`${word}\` is a word of the language, so it can’t be a name`
        : `\`${word}\` always has its own meaning, so nothing else can be called so`,
    explain: `
These words cannot be declared:

- those that begin a declaration: \`param data noise init net optimizer def let loss metric output train use\`;
- those of expressions: \`return if then else each draw true false\`;
- those that are always in reach: \`step epoch progress pi\`.

Every other word can, also those of statements (\`sample\`, \`update\`, \`average\`, …). And every word may name an argument or
a field: \`conv(64, init = normal(0, 0.02))\`, \`E(x).data\`.`,
    example: 'param step = 3\n',
  },

  GAN0116: {
    severity: 'error',
    title: 'not a stage',
    message: ({ what, found }: { what: 'choice' | 'stage' | 'operator'; found: string }) =>
      what === 'choice'
        ? 'A choice of stages is made of names, and this is none'
        : what === 'operator'
          ? `\`${found}\` can’t follow a stage: \`|>\` binds most loosely`
          : `A stage can’t begin with \`${found}\``,
    explain: `
What follows \`|>\` is a stage, and it is one of these:

- a name: \`relu\`, \`G.frozen\`;
- one call of a name, perhaps named itself: \`conv(64, stride = 2) as stem\`;
- \`each i in 1..4 { … }\`, with stages inside;
- a choice of names in parentheses: \`(if flag then batch_norm else instance_norm)\`.

Anything else becomes a \`def\` whose name is the stage. \`|>\` binds most loosely of all, so a pipeline that is part of a
larger expression stands in parentheses: \`(x |> f) * 2\`.`,
    example: 'def doubled(x) = x |> 2 * x\n',
  },

  GAN0117: {
    severity: 'error',
    title: 'comparisons do not chain',
    message: ({ first, second }: { first: string; second: string }) =>
      `\`${first}\` and \`${second}\` don’t chain: a comparison gives 0 or 1`,
    explain: `
In mathematics \`a < b < c\` says two things. In most programming languages it would compare the *result* of \`a < b\`, which
is 0 or 1, with \`c\`; that is never what was meant, so it is refused here.

Join two comparisons: \`a < b && b < c\`. If the result of one really is to be compared, put it into parentheses.`,
    example: 'def inside(x) = 0 < x < 1\n',
  },

  GAN0118: {
    severity: 'error',
    title: 'only a name can be called',
    message: ({ what }: { what: 'number' | 'call' | 'other' }) =>
      what === 'number'
        ? 'A number can’t be called'
        : what === 'call'
          ? 'What a call gives can’t be called again'
          : 'Only a name can be called, and this is an expression',
    explain: `
A call is a name, perhaps with a field, and its arguments: \`G(z)\`, \`G.averaged(z)\`, \`relu(x)\`. Functions are no values: a
call doesn’t give one back, and none can be stored in a tuple or a list.

To multiply, write the sign: \`2 * (x + 1)\`. To choose a function, choose a stage:
\`x |> (if flag then batch_norm else instance_norm)\`.`,
    example: 'def scaled(x) = 2(x + 1)\n',
  },

  GAN0119: {
    severity: 'error',
    title: 'not a statement',
    message: ({ found }: { found: string }) => `No statement begins with \`${found}\``,
    explain: `
Inside \`train (…) { … }\` stand statements, each with its word: \`sample\`, \`update\`, \`together\`, \`repeat\`, \`every\`, \`once\`,
\`clip\` and \`average\`. Values are named outside, by \`let\` and \`loss\`; a schedule only says when they are used.

    train (batch = 64, steps = 20_000) {
      sample x, z
      update D to minimize d_loss with adam(2e-4)
      repeat 5 { sample z  update G to minimize g_loss with adam(2e-4) }
      average G decay 0.999
    }`,
    example: `noise z ~ normal[2]
net G(z: [2]) -> [2] = z |> dense(2)
loss l = expect(sum(G(z)))
train (batch = 8, steps = 10) {
  sample z
  updat G to minimize l with sgd(0.1)
  update G to minimize l with sgd(0.1)
}
`,
  },

  GAN0120: {
    severity: 'warning',
    title: 'a comment that looks like a division',
    message: (_: Record<string, never>) => 'This is a comment, not a division',
    explain: `
\`//\` begins a comment, up to the end of the line. In Python it divides, so \`size // 2\` reads like arithmetic, and would
silently mean \`size\`. A comment that is only a number, or that stands straight after a value inside open \`(\` or \`[\`, is
therefore asked about.

To divide write \`/\`, which is exact; \`floor(a / b)\` rounds down. If it is a comment, put it on a line of its own, or write
\`// allow GAN0120\` above.`,
    example: `def half(n) = n // 2
`,
  },

  GAN0121: {
    severity: 'warning',
    title: 'an unknown code in `// allow`',
    message: ({ code }: { code: string }) => `There is no ${code}, so this silences nothing`,
    explain: `
\`// allow GAN0412\` silences the warnings and notes of that code on the line below; several codes are separated by commas.
This one names a code that doesn’t exist, probably by a slip of the finger.

\`ganc explain\` lists all codes. Errors cannot be silenced.`,
    example: `// allow GAN0999
param latent = 100
`,
  },

  GAN0122: {
    severity: 'error',
    title: 'a block without its result',
    message: ({ found }: { found: string | null }) =>
      found === null
        ? 'This block ends without `return`'
        : `In a block every line begins with \`let\` or \`return\`, and \`${found}\` is neither`,
    explain: `
A block names intermediate values and gives one back: \`{ let h = …  let k = …  return expr }\`. Line ends mean nothing, so
each of its lines begins with a keyword, and the last, with its result, begins with \`return\`.

(The braces of an \`each\` hold stages and those of \`train\` hold statements; neither has a \`return\`.)`,
    example: `def bent(x) = {
  let h = relu(x)
  h * h
}
`,
  },

  GAN0123: {
    severity: 'error',
    title: 'an `if` without both branches',
    message: ({ missing }: { missing: 'then' | 'else' }) => `This \`if\` has no \`${missing}\``,
    explain: `
\`if\` is an expression: it chooses between two values, and so it always has both: \`if c then a else b\`. Chains are written
\`if c then a else if d then b else e\`.

To add a stage only sometimes, choose a \`def\` that does nothing: \`def same(x) = x\`, then
\`x |> (if flag then batch_norm else same)\`. Statements that run only sometimes stand in \`if c { … }\`, \`every n { … }\` or
\`once { … }\`.`,
    example: 'def positive(x, flag) = if flag then relu(x)\n',
  },

  GAN0124: {
    severity: 'error',
    title: 'a positional argument after a named one',
    message: ({ name }: { name: string }) => `An argument without a name stands after \`${name} = …\``,
    explain: `
Arguments without names come first and go by position; named ones follow in any order. After a name there is no telling
which position is meant.

Name this argument too, or move it before the named ones: \`conv(64, kernel = 5)\`, not \`conv(kernel = 5, 64)\`.`,
    example: 'init kernel ~ normal(mean = 0, 0.02)\n',
  },

  GAN0125: {
    severity: 'error',
    title: 'names and types that do not pair up',
    message: ({ names, types }: { names: number; types: number }) =>
      `${names === 1 ? 'One name stands' : `${names} names stand`} before \`~\`, but ${types === 1 ? 'one type' : `${types} types`} after it`,
    explain: `
A record draws several fields of one example together, and each name has its type, in the same order:

    data (x, y) ~ (image[28, 28, 1], label[10])

Add the missing name or type, or take the extra one away.`,
    example: 'data (x, y) ~ (image[28, 28, 1], label[10], [3])\n',
  },

  GAN0126: {
    severity: 'error',
    title: 'a comment in `/* … */`',
    message: (_: Record<string, never>) => 'Comments are written `// …`, not `/* … */`',
    explain: `
There is one kind of comment: \`//\`, up to the end of the line. A run of lines that begin with \`///\`, right above a
declaration, is its documentation. Block comments don’t exist, so that a line can be judged without what stands above it.

Begin each line of the comment with \`//\`.`,
    example: '/* the size of z */\nparam latent = 100\n',
  },

  GAN0127: {
    severity: 'error',
    title: 'two values side by side',
    message: ({ left, right }: { left: string; right: string }) =>
      `Nothing joins \`${left}\` and \`${right}\``,
    explain: `
Two values stand next to each other with nothing between them. Something was left out: an operator (\`2 * x\`, not \`2 x\`), a
comma between arguments or items, a \`|>\` before a stage, or the keyword of the next declaration.

Words are no operators: write \`&&\`, \`||\`, \`!\` for and, or, not.`,
    example: 'def double(x) = 2 x\n',
  },

  GAN0128: {
    severity: 'error',
    title: 'empty parentheses',
    message: (_: Record<string, never>) => 'There is nothing in these parentheses',
    explain: `
Parentheses around nothing are no value; there is no empty tuple. A net without parameters is called with empty parentheses
that touch its name, \`prior()\`; a scalar per example has the type \`[]\`, in square brackets.`,
    example: 'def nothing(x) = x + ()\n',
  },

  GAN0129: {
    severity: 'error',
    title: 'a name is too long',
    message: ({ length, limit }: { length: number; limit: number }) =>
      `this name has ${length.toLocaleString('en')} letters; a name may have ${limit}`,
    explain: `Weights, files and variables of the compiled code are called by the names of the file, again and again, so a name
has a limit. Most names of papers are one letter long.`,
    example: `param ${'width_'.repeat(50)} = 1\n`,
  },
} satisfies Record<string, Entry<never>>;
