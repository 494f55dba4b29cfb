import { quoteText } from "./session.ts";

/** A statement that fails with this text. A DO block could raise it too, and would take as long as all the rest of a message. */
export function failUnless(condition: string, text: string): string {
  return `SELECT CASE WHEN ${condition} THEN '1' ELSE ${quoteText(text)} END::integer`;
}
