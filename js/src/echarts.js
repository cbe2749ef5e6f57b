// What the charts along time draw with, in one bundle that changes rarely: axes, the strip that
// zooms, bars, and custom marks. Anything that makes HTML of its own stays out; see README.md.
import * as core from "echarts/core";
import { BarChart, CustomChart } from "echarts/charts";
import { DataZoomComponent, GridComponent } from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

core.use([BarChart, CustomChart, DataZoomComponent, GridComponent, CanvasRenderer]);

export const { init, version } = core;
