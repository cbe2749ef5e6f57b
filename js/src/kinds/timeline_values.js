// Values over time.
import { register } from "../values.js";

register("timeline_values");
