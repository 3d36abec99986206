// Looking at a model in evaluation mode without leaving a trace.

import type { AnyModule } from "./module";

/** Runs `body` with the model in evaluation mode, then gives every module back the mode it had. */
export function inEvaluationMode<T>(model: AnyModule, body: () => T): T {
  const modes = model.namedModules().map(([, module]) => ({ module, training: module.training }));
  model.eval();
  try {
    return body();
  } finally {
    for (const { module, training } of modes) module.training = training;
  }
}
