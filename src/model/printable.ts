/**
 * Text written by users, made safe for one line of a terminal or log: line breaks, control, formatting and
 * direction-changing characters are escaped as in JSON (`\n`, `\u202e`); everything readable stays.
 */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (found) => {
    if (found === '\n') return '\\n';
    if (found === '\r') return '\\r';
    if (found === '\t') return '\\t';
    const code = found.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** The same in double quotes, for values inside sentences; long ones are cut at `limit` characters. */
export function quoted(text: string, limit = 80): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return `"${printable(cut.replaceAll('\\', '\\\\').replaceAll('"', '\\"'))}"`;
}
