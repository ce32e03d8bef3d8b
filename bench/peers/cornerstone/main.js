// cornerstone3D as its documentation shows it: a stack, then three orthogonal views of a volume.

import * as core from "@cornerstonejs/core";
import dicomImageLoader from "@cornerstonejs/dicom-image-loader";
import * as tools from "@cornerstonejs/tools";

const { Enums, RenderingEngine, imageLoader, setVolumesForViewports, volumeLoader } = core;
const { BlendModes, Events, OrientationAxis, ViewportType } = Enums;
const { drain, frame, steps } = window.bench;

const WINDOW = { lower: -160, upper: 240 };
const PLANES = ["AXIAL", "SAGITTAL", "CORONAL"];
const CORONAL = 2;
const SLAB = 20; // mm
const stackElement = document.getElementById("stack");
let engine = null;
let imageIds = [];
let stack = null;
let volumeViews = [];

const painted = (element, fits = () => true) =>
  new Promise((resolve) => {
    const listen = () => {
      if (!fits()) return;
      element.removeEventListener(Events.IMAGE_RENDERED, listen);
      resolve();
    };
    element.addEventListener(Events.IMAGE_RENDERED, listen);
  });

const allPainted = () => Promise.all(volumeViews.map(({ element }) => painted(element)));

function useTools() {
  const used = [tools.WindowLevelTool, tools.StackScrollTool, tools.PanTool, tools.ZoomTool, tools.LengthTool];
  const group = tools.ToolGroupManager.createToolGroup("bench");
  for (const tool of used) {
    tools.addTool(tool);
    group.addTool(tool.toolName);
  }
  group.addViewport("stack", "bench");
  const bindings = [{ mouseButton: tools.Enums.MouseBindings.Primary }];
  group.setToolActive(tools.WindowLevelTool.toolName, { bindings });
}

async function begin() {
  const names = await (await fetch("/series/names.json")).json();
  imageIds = names.map((name) => `wadouri:${location.origin}/series/${name}`);
  await core.init();
  await dicomImageLoader.init();
  tools.init();
  engine = new RenderingEngine("bench");
  engine.enableElement({ viewportId: "stack", type: ViewportType.STACK, element: stackElement });
  useTools();
  stack = engine.getViewport("stack");
  const done = painted(stackElement);
  await stack.setStack(imageIds, 0);
  stack.setProperties({ voiRange: WINDOW });
  stack.render();
  await done;
}

async function loadAll() {
  const begun = performance.now();
  await Promise.all(imageLoader.loadAndCacheImages(imageIds));
  return { images: imageIds.length, begun, ended: performance.now() };
}

const scroll = (count) =>
  steps(
    count,
    (index) => stack.setImageIdIndex((index + 1) % imageIds.length),
    (index) => painted(stackElement, () => stack.getCurrentImageIdIndex() === (index + 1) % imageIds.length),
  );

const windowing = (count) =>
  steps(
    count,
    (index) => {
      const [center, half] = [40 + (index % 50), (300 + 4 * (index % 100)) / 2];
      stack.setProperties({ voiRange: { lower: center - half, upper: center + half } });
      stack.render();
    },
    () => painted(stackElement),
  );

function volumeElement(number) {
  const element = document.createElement("div");
  element.className = "viewport small";
  element.style.left = `${(number % 2) * 404}px`;
  element.style.top = `${Math.floor(number / 2) * 404}px`;
  document.body.append(element);
  return element;
}

const volumeLoaded = (volume) =>
  new Promise((resolve) => {
    const look = () => volume.loadStatus.loaded && resolve();
    volume.load((event) => (event?.complete ? resolve() : look()));
    look();
  });

async function mpr() {
  stackElement.style.display = "none";
  const begun = performance.now();
  const elements = PLANES.map((_, number) => volumeElement(number));
  engine.setViewports(
    PLANES.map((viewportId, number) => ({
      viewportId,
      type: ViewportType.ORTHOGRAPHIC,
      element: elements[number],
      defaultOptions: { orientation: OrientationAxis[viewportId] },
    })),
  );
  const volumeId = "cornerstoneStreamingImageVolume:bench";
  const volume = await volumeLoader.createAndCacheVolume(volumeId, { imageIds });
  const loaded = volumeLoaded(volume);
  await setVolumesForViewports(engine, [{ volumeId }], PLANES);
  volumeViews = PLANES.map((name, number) => ({ element: elements[number], view: engine.getViewport(name) }));
  volumeViews.forEach(({ view }) => view.setProperties({ voiRange: WINDOW }));
  await loaded;
  await frame();
  const done = allPainted();
  engine.renderViewports(PLANES);
  await done;
  drain();
  return { ms: performance.now() - begun, dimensions: volume.dimensions };
}

// Forth and back, so that no view comes to an end.
const turn = (index, length) => (Math.floor(index / length) % 2 ? -1 : 1);
const coronal = () => volumeViews[CORONAL];

const mprOne = (count) =>
  steps(count, (index) => coronal().view.scroll(turn(index, 40)), () => painted(coronal().element));

const mprThree = (count) =>
  steps(count, (index) => volumeViews.forEach(({ view }) => view.scroll(turn(index, 40))), allPainted);

async function mip(count) {
  const { view, element } = coronal();
  view.setBlendMode(BlendModes.MAXIMUM_INTENSITY_BLEND);
  view.setSlabThickness(SLAB);
  view.render();
  await frame();
  return steps(count, (index) => view.scroll(turn(index, 20)), () => painted(element));
}

window.viewer = { ready: begin(), loadAll, scroll, windowing, mpr, mprOne, mprThree, mip };
