// Text in XML files.

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** Text as XML holds it; characters that it cannot hold are left out. */
export const escapeXml = (text: string) =>
  [...text]
    .filter((character) => character >= " " && !/[\ufffe\uffff\p{Surrogate}]/u.test(character))
    .map((character) => ESCAPES[character] ?? character)
    .join("");
