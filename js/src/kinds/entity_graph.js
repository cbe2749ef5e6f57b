// The things that rows have in common, as a graph.
import { register } from "../graph.js";

register("entity_graph");
