// @ts-check
import { whenMapIsReady } from "./map.js";
import { startReport } from "./report.js";

whenMapIsReady(startReport);
