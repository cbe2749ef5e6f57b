// Two columns as a graph.
import { register } from "../graph.js";

register("network");
