// Sessions over time, by how likely their rarest part is.
import { register } from "../values.js";

register("scored_sessions");
