// The notices of the libraries that went into a bundle, which their licences ask every copy to carry.
import { readdirSync, readFileSync } from "node:fs";

/** Names and licence texts of the packages in an esbuild metafile; packages with the same text share it. */
export function licencesOf({ inputs }) {
  const packages = new Set(
    Object.keys(inputs).flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []),
  );
  const names = new Map();
  for (const name of [...packages].sort()) {
    const folder = `node_modules/${name}`;
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    // A package without the text names its licence.
    const text =
      file === undefined
        ? JSON.parse(readFileSync(`${folder}/package.json`, "utf8")).license
        : readFileSync(`${folder}/${file}`, "utf8").trim();
    names.set(text, [...(names.get(text) ?? []), name]);
  }
  return [...names].map(([text, names]) => `${names.join(", ")}:\n${text}`).join("\n\n");
}
