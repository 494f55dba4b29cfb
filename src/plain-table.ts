import { getBorderCharacters, table } from "table";

/** Columns without lines, as they read well in a log. */
export function plainTable(rows: readonly (readonly string[])[]): string {
  const text = table(rows as string[][], {
    border: getBorderCharacters("void"),
    columnDefault: { paddingLeft: 0, paddingRight: 2 },
    drawHorizontalLine: () => false,
  });
  return text.replaceAll(/ +$/gm, "").trimEnd();
}
