// topograd export: a run for other tools.

import { join, resolve } from "node:path";
import { DataError, type Shape, scope, tensor } from "../core/index";
import { makeFolder, writeWhole } from "../io/files";
import { exportOnnx, saveNpz } from "../io/index";
import { readRun, readWeights } from "../runs/folder";
import type { RunData } from "../runs/run";
import { MODELS, makeModel } from "../study/catalogue";
import { graphml } from "../tda/index";
import { helpText, type OptionSpecs, parseOptions, UsageError } from "./options";

const OPTIONS: OptionSpecs = {
  out: { type: "string", value: "DIR", about: "where to write it (the run's folder)" },
  threshold: {
    type: "string",
    default: "0.5",
    value: "WEIGHT",
    about: "edges below this are left out of the graph",
  },
  help: { type: "boolean", about: "print this help" },
};

/** The network of a run with its last weights, as a file. */
function onnxOf({ config }: RunData, folder: string): Uint8Array {
  const name = MODELS.find((known) => known === config.model);
  const { inputShape, classes } = config as { inputShape?: unknown; classes?: unknown };
  const isShape =
    Array.isArray(inputShape) && inputShape.every((extent) => Number.isInteger(extent) && extent > 0);
  if (name === undefined || !isShape || !Number.isInteger(classes)) {
    throw new DataError(
      `export: the config.json of ${folder} does not say which network it is, for what inputs`,
    );
  }
  const shape: Shape = inputShape as number[];
  const { model } = makeModel(name, { inputShape: shape, classes: classes as number });
  model.loadStateDict(readWeights(folder));
  return exportOnnx(model, [1, ...shape]);
}

/** Writes the network as ONNX, and the last connectome as a graph and with the others as arrays; returns the exit status. */
export async function runExport(args: string[]): Promise<number> {
  const options = parseOptions(args, OPTIONS, true);
  const usage = "topograd export RUN [options]";
  if (options.flag("help")) {
    console.log(helpText(usage, OPTIONS));
    return 0;
  }
  const [folder, ...rest] = options.positionals;
  if (folder === undefined || rest.length > 0)
    throw new UsageError(`expected the folder of one run: ${usage}`);
  const threshold = options.number("threshold", 0, 1);
  const run = readRun(folder);
  const out = options.text("out") ?? folder;
  makeFolder(out);
  const written: [file: string, about: string][] = [];
  const write = (file: string, content: string | Uint8Array, about: string) => {
    writeWhole(join(out, file), content);
    written.push([file, about]);
  };
  write(
    "model.onnx",
    scope(() => onnxOf(run, folder)),
    "the network, for ONNX Runtime and others",
  );
  const { connectomes } = run;
  if (connectomes !== null) {
    const { size, signals, snapshots, births, deaths } = connectomes;
    scope(() => {
      const matrices = snapshots.map(
        ({ which, values }) => [which, tensor(values, { shape: [size, size] })] as const,
      );
      const arrays = { ...Object.fromEntries(matrices), births: tensor(births), deaths: tensor(deaths) };
      write("connectomes.npz", saveNpz(arrays), "connectomes, births and deaths, for numpy.load()");
      const [, last] = matrices[matrices.length - 1];
      write(
        "connectome.graphml",
        graphml(last, { signals, threshold }),
        "the last connectome, for Gephi and networkx",
      );
    });
  }
  for (const [file, about] of written) console.log(`${resolve(out, file)}: ${about}`);
  return 0;
}
