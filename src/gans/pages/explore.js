// Moves through latent space. A state says where one is; all that is shown follows from it.
const NEIGHBOURS = 16;
const FRAMES_A_SECOND = 24; // of a walk, and a second from picture to picture
const FILM_STOPS = 6; // pictures that a saved film passes, back to the one it began with
const GRAIN = 4096; // a latent in an address is in whole numbers of this part

const networks = new Map(JSON.parse(element("networks").textContent).map((network) => [network.name, network]));
const code = new Blob([element("engine").textContent], { type: "text/javascript" });
const worker = new Worker(URL.createObjectURL(code));
const sent = new Set(); // names of networks that the worker has
const waiting = new Map(); // promises of pixels by their numbers
let numAsked = 0;

// z is a latent that one has moved to, in grains; without it, that of the seed and number.
let state = { net: networks.keys().next().value, seed: 0, at: 0, label: null, z: null, along: {} };
let before = null; // the state before a slider was taken hold of
const past = [], future = [];
let kept = { A: null, B: null }; // latents to mix
let walking = null; // what is to stop

function element(id) {
  return document.getElementById(id);
}

worker.onmessage = ({ data }) => {
  if (data.failed) {
    element("said").textContent = `This browser cannot run the network (${data.failed}); try a newer one.`;
    return;
  }
  waiting.get(data.number)(data.pixels);
  waiting.delete(data.number);
};

// Promises the pixels RGBA of a latent, Uint8ClampedArray (S * S * 4).
function pixels(name, z, label = 0) {
  if (!sent.has(name)) {
    worker.postMessage({ network: networks.get(name), content: element(`weights-${name}`).textContent });
    sent.add(name);
  }
  const number = numAsked++;
  worker.postMessage({ name, latent: Float32Array.from(z), label, number });
  return new Promise((done) => waiting.set(number, done));
}

// Latents.

function base({ net, seed, at, z }) {
  return z ? Float32Array.from(z, (value) => value / GRAIN) : latent(seed, at, networks.get(net).nz);
}

function place(state) {
  const { directions } = networks.get(state.net);
  const z = base(state);
  for (const [name, amount] of Object.entries(state.along)) {
    for (let i = 0; i < z.length; i++) z[i] += amount * directions[name][i];
  }
  return z;
}

function labelOf({ net, seed, at, label }) {
  const { nz, class_counts: counts } = networks.get(net);
  return counts.length ? (label ?? drawnLabel(seed, at, nz, counts)) : 0;
}

function grains(z) {
  return Array.from(z, (value) => Math.max(-32768, Math.min(32767, Math.round(value * GRAIN))));
}

// The latent at a share of the great arc from a to b; of the line, where they point the same way.
function arc(a, b, share) {
  const dot = (u, v) => u.reduce((sum, value, i) => sum + value * v[i], 0);
  const angle = Math.acos(Math.max(-1, Math.min(1, dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)))));
  const round = Math.sin(angle) > 1e-4;
  const from = round ? Math.sin((1 - share) * angle) / Math.sin(angle) : 1 - share;
  const to = round ? Math.sin(share * angle) / Math.sin(angle) : share;
  return a.map((value, i) => from * value + to * b[i]);
}

function neighbour(z, number) {
  const far = Number(element("far").value);
  const noise = latent(state.seed, 1_000_000 + past.length * NEIGHBOURS + number, z.length);
  return z.map((value, i) => Math.sqrt(1 - far * far) * value + far * noise[i]);
}

// What is shown.

function put(canvas, data, size) {
  canvas.width = canvas.height = size;
  canvas.getContext("2d").putImageData(new ImageData(data, size, size), 0, 0);
}

const small = document.createElement("canvas");

function show(data) {
  const { size } = networks.get(state.net);
  const picture = element("picture"), context = picture.getContext("2d");
  put(small, data, size);
  context.imageSmoothingEnabled = !element("sharp").checked;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, picture.width, picture.height);
}

// One picture at a time, and always the newest.
let drawing = null, wanted = false;

function draw() {
  wanted = true;
  drawing ??= (async () => {
    while (wanted) {
      wanted = false;
      show(await pixels(state.net, place(state), labelOf(state)));
    }
    drawing = null;
  })();
  return drawing;
}

let wallNumber = 0;

async function drawWall() {
  const mine = ++wallNumber;
  const shown = state, { size } = networks.get(shown.net);
  for (const [number, tile] of [...element("wall").children].entries()) {
    await drawing;
    if (mine !== wallNumber) return;
    const data = await pixels(shown.net, neighbour(place(shown), number), labelOf(shown));
    if (mine === wallNumber) put(tile.firstChild, data, size);
  }
}

function slider(name) {
  const label = document.createElement("label");
  label.className = "slider";
  label.innerHTML = '<span></span><input type="range" min="-4" max="4" step="0.1"><output></output>';
  label.firstChild.textContent = (name[0].toUpperCase() + name.slice(1).toLowerCase()).replaceAll("_", " ");
  const input = label.querySelector("input");
  input.dataset.direction = name;
  input.addEventListener("input", () => preview({ along: { ...state.along, [name]: Number(input.value) } }));
  input.addEventListener("change", settle);
  return label;
}

// Builds what depends on the network: sliders and classes.
function furnish() {
  const { summary, size, num_weights: weights, directions, class_names: names } = networks.get(state.net);
  const facts = `${size} x ${size} pixels, ${weights.toLocaleString("en")} weights.`;
  element("network").value = state.net;
  element("summary").textContent = summary ? `${summary} ${facts}` : facts;
  const isComponent = (name) => name.startsWith("component ");
  for (const [id, chosen] of [
    ["attributes", Object.keys(directions).filter((name) => !isComponent(name))],
    ["components", Object.keys(directions).filter(isComponent)],
  ]) {
    element(id).hidden = !chosen.length;
    element(id).lastElementChild.replaceChildren(...chosen.map(slider));
  }
  element("reset").hidden = !Object.keys(directions).length;
  element("classes").hidden = !names.length;
  const radios = names.map((name, number) => {
    const label = document.createElement("label");
    label.className = "inline";
    label.innerHTML = '<input type="radio" name="class"> <span></span>';
    label.lastChild.textContent = name.replaceAll("_", " ");
    label.firstChild.value = number;
    label.firstChild.addEventListener("change", () => move({ label: number }));
    return label;
  });
  element("classes").replaceChildren(element("classes").firstElementChild, ...radios);
  kept = { A: null, B: null };
  element("mix").disabled = true;
  for (const canvas of document.querySelectorAll(".mix canvas")) canvas.width = canvas.width;
}

function fill() {
  for (const input of document.querySelectorAll("[data-direction]")) {
    input.value = state.along[input.dataset.direction] ?? 0;
    input.nextSibling.textContent = Number(input.value).toFixed(1);
  }
  for (const input of document.querySelectorAll("[name=class]")) input.checked = Number(input.value) === labelOf(state);
  element("seed").value = state.seed;
  element("at").value = state.at;
  const named = state.z ? "moved to" : `seed ${state.seed}, number ${state.at}`;
  element("picture").ariaLabel = `Generated by ${networks.get(state.net).title}: ${named}`;
  element("undo").disabled = !past.length;
  element("redo").disabled = !future.length;
  element("farValue").textContent = element("far").value;
  element("mixValue").textContent = `${element("mix").value}%`;
}

// Ways from state to state.

function become(next) {
  const other = next.net !== state.net;
  state = next;
  if (other) furnish();
  fill();
  history.replaceState(null, "", `#${address(state)}`);
  drawWall();
  return draw();
}

function move(change) {
  stop();
  past.push(before ?? state);
  before = null;
  future.length = 0;
  return become({ ...state, ...change });
}

// A slider is being moved: the picture follows, and `settle` makes one step of it all.
function preview(change) {
  stop();
  before ??= state;
  wallNumber++;
  state = { ...state, ...change };
  fill();
  draw();
}

function settle() {
  if (before) move({});
}

function step(from, to) {
  stop();
  if (!from.length) return;
  to.push(state);
  become(from.pop());
}

// The address of a state, and back.

function address({ net, seed, at, label, z, along }) {
  const query = new URLSearchParams({ net, seed, at });
  if (label !== null) query.set("class", label);
  const moved = Object.entries(along).filter(([, amount]) => amount);
  if (moved.length) query.set("along", moved.map(([name, amount]) => `${name}:${amount}`).join(","));
  if (z) {
    const bytes = String.fromCharCode(...new Uint8Array(Int16Array.from(z).buffer));
    query.set("z", btoa(bytes).replaceAll("+", "-").replaceAll("/", "_"));
  }
  return query.toString();
}

function read(text) {
  const query = new URLSearchParams(text.replace(/^#/, ""));
  const net = networks.has(query.get("net")) ? query.get("net") : networks.keys().next().value;
  const { nz, directions, class_names: names } = networks.get(net);
  const whole = (key, below) => (/^\d+$/.test(query.get(key)) && Number(query.get(key)) < below ? Number(query.get(key)) : null);
  const along = {};
  for (const [name, amount] of (query.get("along") ?? "").split(",").map((part) => part.split(":"))) {
    if (Object.hasOwn(directions, name) && Math.abs(amount) <= 4) along[name] = Number(amount);
  }
  let z = null;
  try {
    const bytes = atob((query.get("z") ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    if (bytes.length === 2 * nz) z = Array.from(new Int16Array(Uint8Array.from(bytes, (c) => c.charCodeAt(0)).buffer));
  } catch {
    element("said").textContent = "The address is damaged: this is the picture of its seed.";
  }
  return { net, seed: whole("seed", 2 ** 32) ?? 0, at: whole("at", 1e6) ?? 0, label: whole("class", names.length), z, along };
}

// Walks.

function stop() {
  walking?.();
  walking = null;
}

// Goes along great arcs from random picture to random picture until it is stopped, or through `stops` and back.
async function walk(button, stops = Infinity) {
  let going = true;
  const mine = () => (going = false);
  const title = button.textContent;
  const start = place(state), { net, seed } = state, label = labelOf(state);
  let z = start;
  button.textContent = "Stop";
  wallNumber++;
  walking = mine;
  for (let number = 1, from = start; number <= stops && going; number++) {
    const to = number === stops ? start : latent(seed, state.at + number, start.length);
    for (let frame = 1; frame <= FRAMES_A_SECOND && going; frame++) {
      const next = performance.now() + 1000 / FRAMES_A_SECOND;
      z = arc(from, to, frame / FRAMES_A_SECOND);
      const data = await pixels(net, z, label);
      if (going) show(data);
      await new Promise((done) => setTimeout(done, next - performance.now()));
    }
    from = to;
  }
  button.textContent = title;
  if (walking === mine) walking = null;
  return { z, whole: going };
}

async function play() {
  if (walking) return stop();
  const here = state;
  const { z } = await walk(element("play"));
  if (state === here) move({ z: grains(z), along: {} });
}

async function film() {
  if (walking) return stop();
  const kind = ["video/webm", "video/mp4"].find((type) => window.MediaRecorder?.isTypeSupported(type));
  if (!kind) return say("This browser records no films.");
  const recorder = new MediaRecorder(element("picture").captureStream(FRAMES_A_SECOND), {
    mimeType: kind,
    videoBitsPerSecond: 4e6,
  });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const ended = new Promise((done) => (recorder.onstop = done));
  recorder.start();
  say(`Recording: ${FILM_STOPS} seconds.`);
  const { whole } = await walk(element("film"), FILM_STOPS);
  recorder.stop();
  await ended;
  if (whole) download(new Blob(parts, { type: kind }), kind.split("/")[1]);
  say(whole ? "Saved." : "Stopped: nothing was saved.");
  if (!walking) become(state);
}

function download(content, ending) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = `${state.net}-seed${state.seed}-${state.at}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function say(text) {
  element("said").textContent = text;
}

// What a person does.

function number(id, below) {
  element(id).addEventListener("change", () => {
    const value = Math.floor(Number(element(id).value));
    if (value >= 0 && value < below) move({ [id]: value, z: null, along: {} });
    else fill();
  });
}

number("seed", 2 ** 32);
number("at", 1e6);
element("network").addEventListener("change", ({ target }) => {
  move({ net: target.value, z: null, label: null, along: {} });
});
element("surprise").addEventListener("click", () => {
  move({ seed: Math.floor(Math.random() * 1e6), at: 0, z: null, along: {} });
});
element("undo").addEventListener("click", () => step(past, future));
element("redo").addEventListener("click", () => step(future, past));
element("reset").addEventListener("click", () => move({ along: {} }));
element("sharp").addEventListener("change", draw);
element("save").addEventListener("click", () => element("picture").toBlob((content) => download(content, "png")));
element("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link is copied.");
  } catch {
    say("The link is the address of this page: copy it from there.");
  }
});
element("play").addEventListener("click", play);
element("film").addEventListener("click", film);
element("far").addEventListener("input", () => {
  fill();
  drawWall();
});
element("mix").addEventListener("input", () => {
  preview({ z: grains(arc(kept.A, kept.B, Number(element("mix").value) / 100)), along: {} });
});
element("mix").addEventListener("change", settle);
for (const side of ["A", "B"]) {
  element(`keep${side}`).addEventListener("click", async ({ currentTarget }) => {
    const { net } = state, z = place(state);
    const data = await pixels(net, z, labelOf(state));
    kept[side] = z;
    put(currentTarget.firstChild, data, networks.get(net).size);
    element("mix").disabled = !(kept.A && kept.B);
  });
}
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.target.type === "number") return;
  const key = event.key.toLowerCase();
  const redo = key === "y" || (key === "z" && event.shiftKey);
  if (!redo && key !== "z") return;
  event.preventDefault();
  if (redo) step(future, past);
  else step(past, future);
});
window.addEventListener("hashchange", () => {
  if (location.hash !== `#${address(state)}`) move(read(location.hash));
});

for (let index = 0; index < NEIGHBOURS; index++) {
  const tile = document.createElement("button");
  tile.type = "button";
  tile.setAttribute("aria-label", `Neighbour ${index + 1}`);
  tile.append(document.createElement("canvas"));
  tile.addEventListener("click", () => move({ z: grains(neighbour(place(state), index)), label: labelOf(state), along: {} }));
  element("wall").append(tile);
}
state = read(location.hash);
furnish();
window.explorer = { latent, pixels, place: () => place(state), ready: become(state) };
