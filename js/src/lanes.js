// An upright axis of named lanes, the first at the top.
import { widest } from "./labels.js";

export function laneAxis(names) {
  let measured = null;
  return {
    // Where the picture begins, right of the names.
    left(width) {
      measured ??= widest(names, 240);
      return Math.ceil(Math.min(measured, width * 0.28)) + 18;
    },
    option(left, colours) {
      return {
        type: "category",
        inverse: true,
        data: names,
        axisTick: { show: false },
        axisLine: { lineStyle: { color: colours.line } },
        axisLabel: {
          color: colours.text, interval: 0, width: left - 14, overflow: "truncate", fontSize: 12,
        },
        splitLine: { show: true, interval: 0, lineStyle: { color: colours.line } },
      };
    },
  };
}
