// The script of a report: draws the runs that the page carries as JSON.

import { reportPage } from "./page";
import { followSystemTheme } from "./theme";

followSystemTheme();
document.body.append(reportPage(JSON.parse(document.getElementById("runs")!.textContent!)));
