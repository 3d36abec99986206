// The table that Module.summary() prints.

import { formatBytes, formatShape } from "../core/errors";
import { noGrad, type Shape, scope, zeros } from "../core/index";
import { sizeOf } from "../core/shape";
import { inEvaluationMode } from "./evaluation-mode";
import type { Module } from "./module";
import { tapOutputs } from "./tap";
import { typeNameOf } from "./type-name";

interface Row {
  layer: string;
  output: string;
  parameters: number;
  multiplyAdds: number;
  memory: number;
}

const count = (n: number) => n.toLocaleString("en-US");

/** Implements Module.summary(): one row for each module without children, and totals. */
export function summarize(model: Module, inputShape: Shape): string {
  const rows: Row[] = [];
  inEvaluationMode(model, () => {
    scope(() =>
      noGrad(() =>
        tapOutputs(
          model,
          (name, module, output) => {
            if (module.namedChildren().length > 0) return;
            rows.push({
              layer: name === "" ? typeNameOf(module) : `${name} ${typeNameOf(module)}`,
              output: formatShape(output.shape),
              parameters: module.parameters().reduce((n, p) => n + p.size, 0),
              multiplyAdds: module.multiplyAdds(output.shape),
              memory: output.size * 4,
            });
          },
          () => {
            model.forward(zeros(inputShape));
          },
        ),
      ),
    );
  });
  const parameters = model.parameters().reduce((n, p) => n + p.size, 0);
  const trainable = model.parameters().reduce((n, p) => n + (p.requiresGrad ? p.size : 0), 0);
  const multiplyAdds = rows.reduce((n, row) => n + row.multiplyAdds, 0);
  const activations = rows.reduce((n, row) => n + row.memory, sizeOf(inputShape) * 4);
  const cells = [
    ["Layer", "Output shape", "Parameters", "Multiply-adds", "Output memory"],
    ...rows.map((r) => [
      r.layer,
      r.output,
      count(r.parameters),
      count(r.multiplyAdds),
      formatBytes(r.memory),
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row: string[]) =>
    row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  const rule = "-".repeat(line(cells[0]).length);
  return [
    line(cells[0]),
    rule,
    ...cells.slice(1).map(line),
    rule,
    `Input ${formatShape(inputShape)}; parameters ${count(parameters)} (${count(trainable)} trainable), ` +
      `${formatBytes(parameters * 4)}; multiply-adds ${count(multiplyAdds)}; activations ${formatBytes(activations)}`,
  ].join("\n");
}
