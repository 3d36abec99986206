// One schedule at a time sets the rates of an optimizer. Rates are functions of the initial ones, so a second schedule would undo
// what the first has set, in silence.

import type { Schedulable, Schedule } from "./schedule";

interface Turns {
  /** Whose step() came last. */
  driver: Schedule | null;
  /** A step() of a schedule is running: those that it calls are its own affair. */
  running: boolean;
  /** Steps of schedules so far. */
  count: number;
  /** Steps of the optimizer when the driver last set its rates. */
  optimizerSteps: number;
}

const turns = new WeakMap<Schedulable, Turns>();

function turnsOf(optimizer: Schedulable): Turns {
  let found = turns.get(optimizer);
  if (found === undefined) {
    found = { driver: null, running: false, count: 0, optimizerSteps: 0 };
    turns.set(optimizer, found);
  }
  return found;
}

/** How often schedules of this optimizer have been stepped. */
export function turnsTaken(optimizer: Schedulable): number {
  return turnsOf(optimizer).count;
}

/**
 * Runs the step of a schedule that was made after `made` turns. Throws when it would overwrite rates that another one has set
 * and the optimizer has not used yet; a schedule made after those were set starts from them.
 */
export function takeTurn(schedule: Schedule, made: number, step: () => void): void {
  const { optimizer } = schedule;
  const now = turnsOf(optimizer);
  if (now.running) {
    step();
    return;
  }
  const { driver } = now;
  const unused = now.optimizerSteps === optimizer.steps;
  if (driver !== null && driver !== schedule && unused && made < now.count) {
    throw new Error(
      `${schedule.name}.step: ${driver.name} has just set the rates of this optimizer, which would be lost; ` +
        "to run schedules one after another give them to SequentialLR",
    );
  }
  now.running = true;
  try {
    step();
  } finally {
    now.running = false;
  }
  now.driver = schedule;
  now.count++;
  now.optimizerSteps = optimizer.steps;
}
