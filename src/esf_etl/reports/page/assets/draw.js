// The charts: drawn once, one at a time so that the page stays responsive, and given other rows when a choice changes.
"use strict";
(async () => {
  const specs = JSON.parse(document.getElementById("specs").textContent);
  const state = document.documentElement.dataset;
  const options = {
    // With an interpreter of expressions no text is ever made into a program: the page forbids that.
    ast: true, actions: false, renderer: "svg", defaultStyle: false,
    tooltip: { disableDefaultStyle: true }, logLevel: 1, formatLocale: report.figures.locale,
  };
  let latest = report.data;
  let drawing = Promise.resolve();
  const rowsFor = (id) => {
    const rows = latest[id.replace("chart-", "")];
    return id === "chart-map" ? rows.filter((row) => row.code !== null) : rows;
  };
  const update = async () => {
    for (const [id, view] of Object.entries(report.charts)) {
      view.data("rows", rowsFor(id));
      await view.runAsync();
    }
  };
  for (const [id, spec] of Object.entries(specs)) {
    await new Promise((resolve) => setTimeout(resolve));
    try {
      const { view } = await vegaEmbed(`#${id}`, { ...spec, datasets: { rows: rowsFor(id) } }, options);
      report.charts[id] = view;
    } catch (problem) {
      console.error(id, problem);
      document.getElementById(id).textContent = report.figures.texts.no_chart;
    }
  }
  await update();
  // On paper a chart is as wide as the page, so that its words are not made small with it.
  const widen = (width) => {
    for (const [id, view] of Object.entries(report.charts)) view.signal("width", width(document.getElementById(id))).run();
  };
  addEventListener("beforeprint", () => widen(() => 650));
  addEventListener("afterprint", () => widen((place) => place.clientWidth));
  performance.mark("charts-drawn");
  state.drawn = "1";
  report.changed.push((data) => {
    latest = data;
    drawing = drawing.then(update).then(() => { state.drawn = String(Number(state.drawn) + 1); });
  });
})();
