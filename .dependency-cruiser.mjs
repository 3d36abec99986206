// Who may import whom: CONTRIBUTING.md's table, checked by `npm run lint`.

/** What a folder may import besides itself. "launch" is the part of backend/ that takes views, never addresses. */
const TABLE = {
  backend: ["build"],
  core: ["backend"],
  nn: ["core"],
  tda: ["core", "launch", "nn"],
  optim: ["core", "launch", "tda"],
  data: ["core", "launch"],
  io: ["core", "nn"],
  train: ["core", "nn", "optim", "tda", "data", "io"],
  runs: ["core", "nn", "optim", "tda", "io", "train"],
  study: ["core", "nn", "optim", "tda", "data", "io", "train", "runs"],
  report: ["core", "nn", "optim", "tda", "train", "runs", "study", "build"],
  cli: ["core", "nn", "optim", "tda", "data", "io", "train", "runs", "study", "report"],
};

const PATHS = { launch: "^backend/(launch/|view\\.ts|share\\.ts|shape\\.ts)" };

const pathOf = (name) => PATHS[name] ?? `^${name}/`;

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(TABLE).map(([folder, allowed]) => ({
      name: `${folder}-imports`,
      comment: `${folder}/ may import ${allowed.join(", ")}; see the table in CONTRIBUTING.md.`,
      severity: "error",
      from: { path: `^${folder}/` },
      to: {
        path: `^(build|kernels|${Object.keys(TABLE).join("|")}|bench|tests|scripts|examples)/`,
        pathNot: [pathOf(folder), ...allowed.map(pathOf)],
      },
    })),
    {
      name: "no-circles",
      comment: "Two files that import each other are one file, or three.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "kernels-stand-alone",
      comment: "kernels/ is AssemblyScript: it imports nothing but itself.",
      severity: "error",
      from: { path: "^kernels/" },
      to: { pathNot: "^kernels/" },
    },
    {
      name: "no-unresolved",
      comment: "An import that leads nowhere.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|node_modules)/" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "default", "types"] },
    tsConfig: { fileName: "tsconfig.json" },
  },
};
