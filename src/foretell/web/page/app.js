"use strict";
// The explorer. All state stands in the address behind the #, so a link is a view; all numbers come from the API.

const $ = (id) => document.getElementById(id);
const STEPS = 400; // of a logarithmic slider
const SUFFIXES = { k: 1e3, m: 1e6, b: 1e9, g: 1e9, t: 1e12, p: 1e15 };
const DEFAULTS = { resamples: 200, level: 0.9, seed: 0 };
const EMBED = { renderer: "svg", actions: false, defaultStyle: false, ast: true, tooltip: false };

let table; // what /api/table says
let state; // what is asked
let views = new Map(); // the charts, by id
let fitKey = null; // of the charts that are shown
let asked = 0; // the newest question wins

// ---------- numbers as people read and type them

function short(value) {
  if (value === null || value === undefined) return "-";
  const [unit, size] = [["T", 1e12], ["B", 1e9], ["M", 1e6], ["k", 1e3]].find(([, s]) => value >= s) || ["", 1];
  return value >= 1e15 ? value.toExponential(2).replace("+", "") : `${Number((value / size).toPrecision(3))}${unit}`;
}

const counted = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;
const power = (value) => value.toExponential(2).replace("+", "");
const outcome = (row, value) => (row.kind === "score" ? percent(value) : value === null ? "-" : value.toPrecision(4));
const percent = (value) => (value === null ? "-" : (100 * value).toFixed(1));

function quantity(text) {
  const found = /^\s*(\d*\.?\d+(?:e[+-]?\d+)?)\s*([kmbgtp]?)\s*$/i.exec(text);
  return found ? Number(found[1]) * (SUFFIXES[found[2].toLowerCase()] || 1) : NaN;
}

// ---------- state in the address

function readState() {
  const given = new URLSearchParams(location.hash.slice(1));
  const list = (key) => given.getAll(key);
  const shares = given.getAll("share").map((pair) => pair.split("=")).filter(([s]) => table.sources.includes(s));
  const number = (key, otherwise) => (Number(given.get(key)) > 0 ? Number(given.get(key)) : otherwise);
  const [params, tokens] = ["n_params", "n_tokens"].map((name) => table.sliders[name] || [1e6, 1e12]);
  return {
    n_params: number("n_params", Number((params[1] / 20).toPrecision(2))),
    n_tokens: number("n_tokens", Number((tokens[1] / 20).toPrecision(2))),
    share: Object.fromEntries(shares.map(([source, value]) => [source, Number(value)])),
    method: given.get("method") || table.default_method,
    tasks: list("task"),
    train: given.get("train") || "",
    exclude: list("exclude"),
    family: given.get("family") || largestFamily(),
    cutoff: number("cutoff", null),
    run: given.get("run"),
    ...Object.fromEntries(Object.entries(DEFAULTS).map(([key, value]) => [key, given.has(key) ? Number(given.get(key)) : value])),
  };
}

// Where the table holds several, one has to be named: that with the most runs can be forecast first.
function largestFamily() {
  return table.families.length > 1 ? table.families.reduce((a, b) => (b.n_runs > a.n_runs ? b : a)).family : "";
}

function writeState() {
  const said = new URLSearchParams();
  for (const key of ["n_params", "n_tokens"]) said.set(key, String(Number(state[key].toPrecision(6))));
  for (const [source, value] of Object.entries(state.share)) said.append("share", `${source}=${value}`);
  if (state.method !== table.default_method) said.set("method", state.method);
  for (const task of state.tasks) said.append("task", task);
  for (const run of state.exclude) said.append("exclude", run);
  for (const key of ["train", "family", "run"]) if (state[key]) said.set(key, state[key]);
  if (state.cutoff) said.set("cutoff", String(state.cutoff));
  for (const [key, value] of Object.entries(DEFAULTS)) if (state[key] !== value) said.set(key, state[key]);
  history.replaceState(null, "", `#${said}`);
}

function teaching() {
  return {
    tasks: state.tasks.length && !table.by_loss ? state.tasks : null,
    losses: table.by_loss ? (state.tasks.length ? state.tasks : table.default_tasks) : null,
    method: state.method,
    train: state.train || null,
    exclude: state.exclude,
    family: state.family || null,
    resamples: state.resamples,
    seed: state.seed,
    level: state.level,
  };
}

const question = () => ({ ...teaching(), n_params: state.n_params, n_tokens: state.n_tokens, share: mixture() });

// The shares as they are asked: whatever the sliders say, a mixture sums to 1.
function mixture() {
  const total = Object.values(state.share).reduce((sum, value) => sum + value, 0);
  if (!total) return {};
  return Object.fromEntries(Object.entries(state.share).map(([s, value]) => [s, Number((value / total).toPrecision(6))]));
}

function reach() {
  const [params, tokens] = ["n_params", "n_tokens"].map((name) => table.sliders[name] || [1e6, 1e12]);
  return { reach_params: Math.max(params[1], state.n_params), reach_tokens: Math.max(tokens[1], state.n_tokens) };
}

// ---------- asking

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error((await answer.json()).error || `${answer.status}`);
  return answer;
}

async function follow(path, body, tell) {
  const reader = (await post(path, body)).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the server stopped before it had an answer.");
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines.filter(Boolean).map((each) => JSON.parse(each))) {
      if (line.error) throw new Error(line.error);
      if (line.answer) return line.answer;
      tell(`${line.stage}, ${line.seconds.toFixed(1)} s`);
    }
  }
}

// Forecast again; fit again, with progress, where other rows or another method teach.
async function update() {
  const mine = ++asked;
  const ask = question();
  const needed = JSON.stringify([teaching(), reach()]);
  writeState();
  try {
    if (needed !== fitKey) {
      $("answer").setAttribute("aria-busy", "true");
      $("charts").classList.add("busy");
      const charts = await follow("/api/stream/charts", { ...ask, ...reach() }, (stage) => mine === asked && say("status", stage));
      if (mine !== asked) return;
      await draw(charts);
      fitKey = needed;
    }
    const view = await (await post("/api/view", ask)).json();
    if (mine !== asked) return;
    await show(view);
    say("problem", "");
    $("charts").hidden = false;
    say("status", `Forecast of ${short(ask.n_params)} parameters on ${short(ask.n_tokens)} tokens by ${ask.method}.`);
    document.body.dataset.shown = String(Number(document.body.dataset.shown || 0) + 1);
  } catch (error) {
    if (mine !== asked) return;
    say("status", "");
    say("problem", error.message);
    showNothing();
  } finally {
    if (mine === asked) {
      $("charts").classList.remove("busy");
      $("answer").removeAttribute("aria-busy");
    }
  }
}

// ---------- showing

function say(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

function fill(body, rows) {
  body.replaceChildren(...rows.map((cells) => {
    const line = document.createElement("tr");
    line.append(...cells.map((cell) => {
      const box = document.createElement("td");
      box.append(cell);
      return box;
    }));
    return line;
  }));
}

async function show(view) {
  const level = `${Number((100 * view.level).toPrecision(4))} % interval`;
  say("level-head", level);
  fill($("forecasts").tBodies[0], view.rows.map((row) => [
    row.task, outcome(row, row.forecast), row.low === null ? "-" : `${outcome(row, row.low)} to ${outcome(row, row.high)}`,
    row.reason ? `${row.verdict}: ${row.reason}` : row.verdict,
  ]));
  const times = view.rows.length ? view.rows[0].extrapolation : 0;
  say("sentence", `${short(state.n_params)} parameters on ${short(state.n_tokens)} tokens are ${power(view.flops)} FLOPs, ` +
    `${times >= 10 ? Math.round(times) : Number(times.toPrecision(2))} times the compute of the largest of ${view.training.runs.length} training runs.`);
  $("warnings").replaceChildren(...view.warnings.filter((each) => each.severity !== "note").map((each) => {
    const line = document.createElement("li");
    line.textContent = each.message;
    return line;
  }));
  pending = new Map(Object.entries(view.data));
  await Promise.all([...pending.keys()].filter(inSight).map(move));
  later();
}

// What was answered before is not the answer to a question that was refused.
function showNothing() {
  fill($("forecasts").tBodies[0], []);
  say("sentence", "");
  $("warnings").replaceChildren();
  $("charts").hidden = true;
}

// Charts in sight are moved at once, the others as soon as there is nothing else to do, or they come into sight.
let pending = new Map();
const idle = window.requestIdleCallback || ((work) => setTimeout(work, 50));
const sight = new IntersectionObserver((seen) => seen.filter((each) => each.isIntersecting).forEach((each) => move(each.target.dataset.chart)));

function inSight(id) {
  const figure = [...$("charts").children].find((each) => each.dataset.chart === id);
  const box = figure && figure.getBoundingClientRect();
  return Boolean(box) && box.bottom > 0 && box.top < innerHeight;
}

function later() {
  idle(async () => {
    const [id] = pending.keys();
    if (id === undefined) return;
    await move(id);
    later();
  });
}

// Give a chart its new data; the chart itself stays.
async function move(id) {
  const [shown, sets] = [views.get(id), pending.get(id)];
  pending.delete(id);
  if (!shown || !sets) return;
  for (const [name, values] of Object.entries(sets)) shown.data(name, values);
  await shown.runAsync();
}

async function draw(charts) {
  for (const view of views.values()) view.finalize();
  views = new Map();
  const figures = charts.map((chart) => figureOf(chart));
  $("charts").replaceChildren(...figures);
  sight.disconnect();
  figures.forEach((figure) => sight.observe(figure));
  pending.clear();
  await Promise.all(charts.map(async (chart, i) => views.set(chart.id, await embed(chart, figures[i]))));
}

function figureOf(chart) {
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const box = document.createElement("div");
  box.className = "chart";
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", chart.description);
  caption.textContent = chart.title;
  if (["forecast", "loss", "backtest"].includes(chart.id)) figure.className = "large";
  figure.dataset.chart = chart.id;
  figure.append(caption, box);
  return figure;
}

async function embed(chart, figure) {
  const spec = { ...chart.spec };
  delete spec.title;
  const { view } = await vegaEmbed(figure.querySelector(".chart"), spec, EMBED);
  view.addEventListener("click", (_, item) => {
    const run = item && item.datum && item.datum.run;
    if (run && table.runs_by_name.has(run)) choose(run);
  });
  return view;
}

// ---------- runs

// Finished runs, and those without an end that are excluded, so that they can be let in again.
function listedRuns() {
  const ended = new Set(table.finished.map((run) => run.run));
  const others = state.exclude.filter((run) => !ended.has(run));
  return [...table.finished, ...others.map((run) => ({ run, n_params: null, n_tokens: null, flops: null }))];
}

function showRuns() {
  const listed = listedRuns();
  const rows = listed.map((run) => {
    const link = document.createElement("button");
    link.type = "button";
    link.className = "link";
    link.textContent = run.run;
    link.addEventListener("click", () => choose(run.run));
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = state.exclude.includes(run.run);
    box.setAttribute("aria-label", `exclude ${run.run}`);
    box.addEventListener("change", () => exclude(run.run, box.checked));
    return [link, short(run.n_params), short(run.n_tokens), run.flops === null ? "-" : power(run.flops), box];
  });
  fill($("runs").tBodies[0], rows);
  [...$("runs").tBodies[0].rows].forEach((line, i) => line.classList.toggle("off", state.exclude.includes(listed[i].run)));
}

function exclude(run, out) {
  state.exclude = state.exclude.filter((each) => each !== run).concat(out ? [run] : []);
  if (!table.finished.some((each) => each.run === run)) showRuns();
  [...$("runs").tBodies[0].rows].slice(0, table.finished.length).forEach((line, i) => {
    line.classList.toggle("off", state.exclude.includes(table.finished[i].run));
    line.querySelector("input").checked = state.exclude.includes(table.finished[i].run);
  });
  if (state.run === run) choose(run);
  if (cutoffs().length) showCutoff();
  update();
  if (state.cutoff) backtest();
}

async function choose(run) {
  state.run = run;
  writeState();
  try {
    const answer = await fetch(`/api/run/${encodeURIComponent(run)}`);
    const shown = await answer.json();
    if (state.run !== run) return; // another one was chosen meanwhile
    if (!answer.ok) throw new Error(shown.error);
    showRun(shown);
  } catch (error) {
    if (state.run === run) $("run").textContent = error.message;
  }
}

function showRun(run) {
  const title = document.createElement("h3");
  title.textContent = `${run.run}, ${run.n_rows} checkpoints`;
  const button = document.createElement("button");
  const out = state.exclude.includes(run.run);
  button.type = "button";
  button.id = "exclude-run";
  button.textContent = out ? `Let ${run.run} teach again` : `Exclude ${run.run}`;
  button.addEventListener("click", () => exclude(run.run, !out));
  const list = document.createElement("dl");
  list.tabIndex = 0;
  list.setAttribute("aria-label", `Last row of ${run.run}`);
  for (const [name, value] of Object.entries(run.last)) {
    const pair = document.createElement("div");
    const [term, said] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    said.textContent = typeof value !== "number" ? String(value) : value >= 1e5 ? (name === "flops" ? power(value) : short(value)) : String(Number(value.toPrecision(5)));
    pair.append(term, said);
    list.append(pair);
  }
  $("run").replaceChildren(title, button, list);
}

// ---------- the back-test

const ended = () => table.finished.filter((run) => !state.family || run.family === state.family);
const cutoffs = () => [...new Set(ended().map((run) => run.flops).filter(Boolean))].slice(0, -1);

function showCutoff() {
  const at = cutoffs()[Number($("cutoff").value)];
  const [before, after] = [ended().filter((r) => r.flops !== null && r.flops <= at && !state.exclude.includes(r.run)).length, ended().filter((r) => r.flops > at).length];
  const said = `${power(at)} FLOPs: ${before} finished runs teach, ${after} are forecast`;
  say("cutoff-value", said);
  $("cutoff").setAttribute("aria-valuetext", said);
}

let backtests = 0;

async function backtest() {
  const mine = ++backtests;
  writeState();
  try {
    const { backtest: result, chart } = await follow("/api/stream/backtest", { ...teaching(), cutoff: state.cutoff },
      (stage) => mine === backtests && say("backtest-status", stage));
    if (mine !== backtests) return;
    say("backtest-status", "");
    await showBacktest(result, chart);
  } catch (error) {
    if (mine === backtests) say("backtest-status", error.message);
  }
}

function forgetBacktest() {
  backtests += 1;
  for (const id of ["backtest-status", "backtest-sentence"]) say(id, "");
  $("backtest-chart").replaceChildren();
  $("errors").hidden = true;
}

async function showBacktest(result, chart) {
  const [[name, score]] = Object.entries(result.methods);
  const off = (value) => (value === null ? "-" : `${(100 * value).toFixed(1)} %`);
  say("backtest-sentence", score.n
    ? `${name} is off by ${off(score.mean_relative_error)} in the mean of ${score.n} forecasts; ${off(score.coverage)} of the truth lies inside its ${100 * result.level} % intervals.`
    : `${name} answered nothing.`);
  fill($("errors").tBodies[0], Object.entries(score.by_run).map(([run, each]) => [
    run, each.extrapolation === null ? "-" : `${Number(each.extrapolation.toPrecision(3))}x`, off(each.mean_relative_error),
    table.by_loss ? (each.mean_absolute_error === null ? "-" : each.mean_absolute_error.toPrecision(3)) : percent(each.mean_absolute_error),
  ]));
  $("errors").hidden = false;
  const figure = figureOf(chart);
  if (views.has("backtest")) views.get("backtest").finalize();
  $("backtest-chart").replaceChildren(figure);
  views.set("backtest", await embed(chart, figure));
  document.body.dataset.tested = String(Number(document.body.dataset.tested || 0) + 1);
}

// ---------- controls

// A slider on a logarithmic scale with a box to type in, which say the same.
function sizeControl(name, label) {
  const [low, high] = table.sliders[name] || [1e6, 1e12];
  const place = (value) => Math.round((STEPS * Math.log(value / low)) / Math.log(high / low));
  const box = document.createElement("input");
  const slider = document.createElement("input");
  const words = document.createElement("label");
  box.id = name;
  box.inputMode = "decimal";
  box.setAttribute("autocomplete", "off");
  words.htmlFor = name;
  words.textContent = label;
  Object.assign(slider, { type: "range", id: `${name}-slider`, min: 0, max: STEPS, step: 1 });
  slider.setAttribute("aria-label", `${label}, on a logarithmic scale`);
  const set = (value) => {
    state[name] = value;
    box.value = short(value);
    slider.value = place(value);
    slider.setAttribute("aria-valuetext", short(value));
  };
  slider.addEventListener("input", () => {
    box.value = short(Number((low * (high / low) ** (slider.value / STEPS)).toPrecision(3)));
    slider.setAttribute("aria-valuetext", box.value);
    moveSoon(() => { state[name] = quantity(box.value); });
  });
  slider.addEventListener("change", () => { state[name] = quantity(box.value); moveNow(); });
  box.addEventListener("change", () => {
    const value = quantity(box.value);
    box.setAttribute("aria-invalid", String(!(value >= 1000)));
    if (value >= 1000) { set(value); update(); } else say("problem", `${label}: write a quantity such as 7B or 4e12.`);
  });
  set(state[name]);
  return [words, box, slider];
}

// While a slider is dragged ask at most once a frame, and never before the last answer is there.
let waiting = false;
let next = null;

function moveSoon(change) {
  next = change;
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(async () => {
    const now = next;
    next = null;
    if (now) { now(); await update(); }
    waiting = false;
    if (next) moveSoon(next);
  });
}

function moveNow() {
  next = null;
  update();
}

function shareControl(source) {
  const words = document.createElement("label");
  const slider = document.createElement("input");
  const said = document.createElement("output");
  Object.assign(slider, { type: "range", id: `share-${source}`, min: 0, max: 1, step: 0.01, value: state.share[source] ?? table.mixture[source] ?? 0 });
  words.htmlFor = slider.id;
  words.append(`${source} `, said);
  said.htmlFor = slider.id;
  slider.addEventListener("input", () => moveSoon(readShares));
  slider.addEventListener("change", () => { readShares(); moveNow(); });
  return [words, slider];
}

function readShares() {
  const used = $("use-mixture").checked;
  state.share = used ? Object.fromEntries(table.sources.map((source) => [source, Number($(`share-${source}`).value)])) : {};
  const now = mixture();
  for (const source of table.sources) {
    const slider = $(`share-${source}`);
    slider.disabled = !used;
    const said = used ? `${(100 * (now[source] || 0)).toFixed(0)} %` : "";
    slider.previousElementSibling.querySelector("output").value = said;
    slider.setAttribute("aria-valuetext", said);
  }
}

function taskControl(task) {
  const words = document.createElement("label");
  const box = document.createElement("input");
  words.className = "check";
  box.type = "checkbox";
  box.value = task;
  box.checked = (state.tasks.length ? state.tasks : table.default_tasks).includes(task);
  box.addEventListener("change", readTasks);
  words.append(box, task);
  return words;
}

function readTasks() {
  const boxes = [...$("task-list").querySelectorAll("input")];
  const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
  if (!chosen.length) {
    say("problem", "Choose one task at least.");
    return;
  }
  const usual = chosen.length === table.default_tasks.length && chosen.every((task) => table.default_tasks.includes(task));
  state.tasks = usual ? [] : chosen;
  say("n-tasks", String(chosen.length));
  update();
}

function buildControls() {
  $("size-controls").replaceChildren(...sizeControl("n_params", "Parameters"), ...sizeControl("n_tokens", "Training tokens"));
  if (table.sources.length > 1) {
    $("mixture").hidden = false;
    $("share-controls").replaceChildren(...table.sources.flatMap(shareControl));
    $("use-mixture").checked = Object.keys(state.share).length > 0;
    readShares();
  }
  $("methods").replaceChildren(...table.methods.map((each) => new Option(each.summary, each.method)));
  $("method").value = state.method;
  showMethod();
  const tasks = [...new Set([...table.default_tasks, ...Object.keys(table.tasks)])];
  $("task-list").replaceChildren(...tasks.map(taskControl));
  say("n-tasks", String((state.tasks.length ? state.tasks : table.default_tasks).length));
  $("train").value = state.train;
  if (table.families.length > 1) {
    for (const id of ["family", "family-label"]) $(id).hidden = false;
    $("family").replaceChildren(...table.families.map((each) => new Option(each.family, each.family)));
    $("family").value = state.family;
  }
  buildCutoff();
}

function buildCutoff() {
  const places = cutoffs();
  $("cutoff").disabled = !places.length;
  $("cutoff").max = Math.max(places.length - 1, 0);
  const at = places.findIndex((flops) => flops >= state.cutoff);
  if (state.cutoff && at >= 0) state.cutoff = places[at]; // one of the slider's own places, so that both say the same
  $("cutoff").value = state.cutoff && at >= 0 ? at : Math.max(places.length - 3, 0);
  if (places.length) showCutoff();
  else say("cutoff-value", "There are no two finished runs of different compute.");
}

function showMethod() {
  const known = table.methods.find((each) => each.method === state.method.split(":")[0]);
  say("method-summary", known ? known.summary : "");
}

function listen() {
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("use-mixture").addEventListener("change", () => { readShares(); update(); });
  $("method").addEventListener("change", () => { state.method = $("method").value.trim() || table.default_method; showMethod(); update(); });
  $("train").addEventListener("change", () => { state.train = $("train").value.trim(); update(); });
  $("family").addEventListener("change", () => { state.family = $("family").value; state.cutoff = null; forgetBacktest(); buildCutoff(); update(); });
  $("cutoff").addEventListener("input", showCutoff);
  $("cutoff").addEventListener("change", () => { state.cutoff = cutoffs()[Number($("cutoff").value)]; backtest(); });
  $("get-report").addEventListener("click", () => download("/api/report", "forecast.html"));
  $("get-json").addEventListener("click", () => download("/api/forecast", "forecast.json"));
  $("get-python").addEventListener("click", () => download("/api/python", "forecast.py"));
  $("copy-link").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      say("status", "The link is copied.");
    } catch {
      say("status", location.href);
    }
  });
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // its #answer would take the place of the state
    $("answer").focus();
  });
  addEventListener("hashchange", start);
}

async function download(path, name) {
  say("problem", "");
  say("status", `Preparing ${name} ...`);
  try {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await (await post(path, question())).blob());
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    say("status", `${name} is downloaded.`);
  } catch (error) {
    say("status", "");
    say("problem", error.message);
  }
}

function start() {
  state = readState();
  buildControls();
  showRuns();
  update();
  if (state.run) choose(state.run);
  else $("run").replaceChildren();
  if (state.cutoff) backtest();
  else forgetBacktest();
}

// A table without scores is asked for its losses, which then stand in the place of the tasks.
function forecastLosses() {
  table.by_loss = true;
  table.tasks = table.losses;
  table.default_tasks = Object.keys(table.losses).slice(0, 8);
  $("tasks").firstElementChild.firstChild.data = "Losses (";
  say("score-head", "loss");
  say("error-head", "mean error");
}

async function load() {
  table = await (await fetch("/api/table")).json();
  table.runs_by_name = new Set(table.run_names);
  say("table-name", table.runs);
  say("table-summary", `${counted(table.n_rows, "row")} of ${counted(table.n_runs, "run")}, ${table.n_finished_runs} finished; ${counted(Object.keys(table.tasks).length, "task")}, ${counted(Object.keys(table.losses).length, "loss", "losses")}.`);
  if (!Object.keys(table.tasks).length) forecastLosses();
  listen();
  start();
}

load().catch((error) => say("problem", error.message));
