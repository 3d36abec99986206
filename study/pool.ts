// Worker threads that make the runs of a study.

import { Worker } from "node:worker_threads";
import type { RunResult } from "./experiment";
import type { Reply, Task } from "./worker";

/** As many threads as runs are made at once. */
export class WorkerPool {
  private readonly idle: Worker[] = [];
  private readonly all: Worker[] = [];

  /** @param directory folder of the data set's original files. */
  constructor(
    readonly size: number,
    private readonly directory: string | undefined,
  ) {}

  /** Makes a run on an idle thread. At most `size` may be under way. Rejects where the run or its thread fails. */
  run(task: Task): Promise<RunResult> {
    const worker = this.idle.pop() ?? this.start();
    return new Promise((resolve, reject) => {
      worker.once("error", reject);
      worker.once("message", (reply: Reply) => {
        worker.off("error", reject);
        this.idle.push(worker);
        if ("result" in reply) resolve(reply.result);
        else reject(new Error(reply.error));
      });
      worker.postMessage(task);
    });
  }

  private start(): Worker {
    const worker = new Worker(new URL("./worker.js", import.meta.url), {
      workerData: { directory: this.directory },
    });
    this.all.push(worker);
    return worker;
  }

  /** Stops all threads; what is under way is lost. */
  async close(): Promise<void> {
    await Promise.all(this.all.map((worker) => worker.terminate()));
  }
}
