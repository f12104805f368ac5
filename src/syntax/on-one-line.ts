/** A part of a file as one line: without comments, and with one space for each run of white space. */
export function onOneLine(text: string): string {
  return text
    .replace(/\/\/[^\r\n]*/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
