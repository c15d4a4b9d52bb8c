// What the page shows of a choice: sums over the figures, which are whole numbers of öre, so that they are exact.
// No text of a page is ever made markup: it goes in as textContent.
"use strict";
const report = (() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const { texts, lang } = figures;
  const locale = lang === "sv" ? "sv-SE" : "en-GB";
  const objects = ({ columns, rows }) =>
    rows.map((row) => Object.fromEntries(columns.map((column, place) => [column, row[place]])));
  const tables = Object.fromEntries(["groups", "places", "months", "lists"].map((name) => [name, objects(figures[name])]));

  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const monthName = new Intl.DateTimeFormat(locale, { year: "numeric", month: "long", timeZone: "UTC" });
  const count = (number) => (number === null ? texts.absent : whole.format(number));
  const money = (ore) =>
    ore === null ? texts.absent : lang === "sv" ? `${whole.format(ore / 100)}\u00a0kr` : `SEK\u00a0${whole.format(ore / 100)}`;
  const millions = (ore) => (ore === null ? null : ore / 1e8);
  const plus = (a, b) => (b === null ? a : a === null ? b : a + b);
  const sum = (rows, column) => rows.reduce((total, row) => plus(total, row[column]), null);
  const counted = (rows, column) => sum(rows, column) ?? 0;
  const stated = (value) => (value === null || value === undefined ? texts.not_stated : value);

  const choice = { period: -1, region: -1 };
  const chosen = (rows) =>
    rows.filter(
      (row) =>
        (choice.period < 0 || row.period === choice.period) && (choice.region < 0 || row.region === choice.region),
    );
  const grouped = (rows, key) => {
    const found = new Map();
    for (const row of rows) {
      const name = key(row);
      if (!found.has(name)) found.set(name, []);
      found.get(name).push(row);
    }
    return found;
  };
  const amounts = (rows) => {
    const grant = sum(rows, "grant_ore");
    const projects = counted(rows, "projects");
    return {
      projects, grant_ore: grant, budget_ore: sum(rows, "budget_ore"), grant: millions(grant),
      projects_text: count(projects), grant_text: money(grant),
    };
  };
  const byGrant = (a, b) => (b.grant_ore ?? -1) - (a.grant_ore ?? -1) || (a.label < b.label ? -1 : 1);
  const lastWhere = (isLast) => (a, b) => isLast(a) - isLast(b) || byGrant(a, b);
  const regionName = (place) => stated(figures.regions[place].name);

  // The rows of each chart and table.
  const rowsOf = {
    regions: () =>
      [...grouped(chosen(tables.groups), (row) => row.region)]
        .map(([place, rows]) => ({ label: regionName(place), region: String(place), ...amounts(rows) }))
        .sort(lastWhere((row) => figures.regions[row.region].code === null)),
    years: () => {
      const rows = chosen(tables.groups);
      const known = rows.map((row) => row.year).filter((year) => year !== null);
      const found = [...grouped(rows, (row) => `${row.year} ${row.region}`).values()].map((cell) => ({
        year: stated(cell[0].year === null ? null : String(cell[0].year)), order: cell[0].year ?? Infinity,
        label: regionName(cell[0].region), region: String(cell[0].region), place: cell[0].region, ...amounts(cell),
      }));
      // A year between in which nothing started has a place on the axis, too.
      const seen = new Set(known);
      for (let year = Math.min(...known); year < Math.max(...known); year += 1) {
        if (!seen.has(year)) found.push({ year: String(year), order: year, label: "", region: "", place: 0, ...amounts([]), grant: 0 });
      }
      return found.sort((a, b) => (a.order === b.order ? a.place - b.place : a.order < b.order ? -1 : 1));
    },
    areas: () =>
      [...grouped(chosen(tables.groups), (row) => row.area)]
        .map(([place, rows]) => {
          const area = figures.areas[place];
          const name = [area.code, area.name].filter((part) => part !== null).join(" ");
          const text = name === "" ? texts.not_stated : name;
          return { label: `${stated(figures.periods[area.period])}\n${text}`, code: area.code, place, ...amounts(rows) };
        })
        .sort((a, b) => a.place - b.place),
    map: () =>
      [...grouped(chosen(tables.places), (row) => row.municipality)]
        .map(([code, rows]) => ({
          code, label: code === null ? texts.not_stated : figures.municipalities[code] ?? code, ...amounts(rows),
        }))
        .sort(lastWhere((row) => row.code === null)),
    months: () => {
      const events = new Map(
        [...grouped(chosen(tables.months), (row) => row.month)].filter(([month]) => month !== null),
      );
      if (events.size === 0) return [];
      const index = (month) => Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1;
      const places = [...events.keys()].map(index);
      const last = Math.max(...places);
      const found = [];
      let before = 0;
      for (let place = Math.min(...places); place <= last; place += 1) {
        const month = `${String(Math.floor(place / 12)).padStart(4, "0")}-${String((place % 12) + 1).padStart(2, "0")}`;
        const rows = events.get(month) ?? [];
        const running = before + counted(rows, "coming");
        before = running - counted(rows, "going");
        const time = Date.UTC(Math.floor(place / 12), place % 12, 1);
        found.push({
          month, time, label: monthName.format(time), running, running_text: count(running),
          starting: counted(rows, "starting"), ending: counted(rows, "ending"),
        });
      }
      return found;
    },
  };
  const list = (name) =>
    tables.lists.filter(
      (row) => row.list === name && row.period === choice.period && row.region === choice.region,
    );

  // Words into the page.
  const make = (tag, text, attributes = {}) => {
    const node = document.createElement(tag);
    if (text !== null) node.textContent = text;
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const say = (id, text) => { document.getElementById(id).textContent = text; };
  // Names come from Swedish pages: a screen reader is to say them so.
  const named = (tag, text, attributes) =>
    make(tag, text, lang === "sv" || text === texts.not_stated ? attributes : { ...attributes, lang: "sv" });

  function fill(id, label, headings, rows) {
    const box = document.getElementById(id);
    if (rows.length === 0) { box.replaceChildren(make("p", texts.nothing)); return; }
    const table = make("table", null);
    table.append(make("caption", label));
    const head = make("tr", null);
    headings.forEach((text, place) => head.append(make("th", text, { scope: "col", ...(place ? { class: "number" } : {}) })));
    table.createTHead().append(head);
    const body = table.createTBody();
    for (const { name, plain, values, strong } of rows) {
      const row = make("tr", null, strong ? { class: "sum" } : {});
      row.append((plain ? make : named)("th", name, { scope: "row" }));
      for (const value of values) row.append(make("td", value, { class: "number" }));
      body.append(row);
    }
    box.replaceChildren(table);
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", label);
  }
  const cells = (row) => [count(row.projects), money(row.grant_ore), money(row.budget_ore)];
  const total = (rows) => ({ name: texts.sum, plain: true, strong: true, values: cells(amounts(rows)) });

  function tile(term, value, note) {
    const box = make("div", null);
    box.append(make("dt", term), make("dd", value, { "data-total": term }));
    if (note) box.append(make("dd", note, { class: "small" }));
    return box;
  }
  function coverage() {
    if (choice.region >= 0) return [texts.absent, texts.coverage_by_period_only];
    const rows = figures.coverage.filter(
      (row) => choice.period < 0 || row.programme_period === figures.periods[choice.period],
    );
    if (rows.length === 0 || rows.some((row) => !row.known_projects)) return [texts.absent, texts.known_absent];
    const [loaded, known] = [sum(rows, "projects"), sum(rows, "known_projects")];
    return [percent.format(loaded / known), texts.of_known.replace("{loaded}", count(loaded)).replace("{known}", count(known))];
  }
  function totals() {
    const rows = chosen(tables.groups);
    const all = amounts(rows);
    const base = sum(rows, "shared_budget_ore");
    const share = base ? percent.format(sum(rows, "co_financing_ore") / base) : texts.absent;
    const organisations = list("all").reduce((found, row) => found + row.organisations, 0);
    document.getElementById("totals").replaceChildren(
      tile(texts.projects, count(all.projects)),
      tile(texts.grant, money(all.grant_ore)),
      tile(texts.budget, money(all.budget_ore)),
      tile(texts.co_financing, share, base ? `${money(sum(rows, "co_financing_ore"))}; ${texts.co_financing_note}` : ""),
      tile(texts.organisations, count(organisations), texts.organisations_note),
      tile(texts.coverage_tile, ...coverage()),
    );
    const lacking = [["without_grant", texts.without_grant], ["without_budget", texts.without_budget]]
      .filter(([column]) => counted(rows, column) > 0)
      .map(([column, text]) => text.replace("{n}", count(counted(rows, column))));
    say("absent", lacking.join(" "));
    const period = choice.period < 0 ? texts.all_periods : figures.periods[choice.period];
    const region = choice.region < 0 ? texts.all_regions : regionName(choice.region);
    say("chosen", `${texts.shown}: ${period}, ${region} – ${count(all.projects)} ${texts.projects_word}, ${money(all.grant_ore)}.`);
  }

  // What colours mean, in words; each entry is a colour, its text and what makes its element.
  function key(id, entries) {
    document.getElementById(id).replaceChildren(...entries.map(([colour, text, element]) => {
      const item = make("li", null);
      const patch = make("i", null, { "aria-hidden": "true" });
      patch.style.background = colour;
      item.append(patch, element("span", text, {}));
      return item;
    }));
  }
  const { limits, colours: shades, none } = figures.map;
  key("key-map", [...shades.map((shade, place) => {
    const text = place === 0 ? `< ${limits[0]}` : place === limits.length ? `≥ ${limits[place - 1]}` : `${limits[place - 1]}–${limits[place]}`;
    return [shade, place === 0 ? `${texts.grant_msek}: ${text}` : text, make];
  }), [none, texts.no_grant, make]]);

  const picture = (name, rows) => {
    const most = rows.reduce((best, row) => ((row.grant ?? row.running ?? -1) > (best?.grant ?? best?.running ?? -1) ? row : best), null);
    const said = most ? ` ${texts.most}: ${most.year && most.label ? `${most.year}, ` : ""}${most.label.replace("\n", ", ")}, ${most.grant_text ?? most.running_text}.` : "";
    document.getElementById(`picture-${name}`).setAttribute("aria-label", `${texts.titles[name]}.${said} ${texts.table_below}`);
  };

  function show() {
    totals();
    const data = Object.fromEntries(Object.entries(rowsOf).map(([name, rows]) => [name, rows()]));
    const money3 = [texts.projects, texts.grant, texts.budget];
    const groups = chosen(tables.groups);
    fill("table-regions", texts.titles.regions, [texts.region, ...money3],
      [...data.regions.map((row) => ({ name: row.label, values: cells(row) })), ...(groups.length ? [total(groups)] : [])]);
    fill("table-years", texts.titles.years, [`${texts.start_year}, ${texts.region_word}`, ...money3],
      [...data.years.filter((row) => row.projects).map((row) => ({ name: `${row.year}, ${row.label}`, values: cells(row) })), ...(groups.length ? [total(groups)] : [])]);
    fill("table-areas", texts.titles.areas, [texts.area, ...money3],
      [...data.areas.map((row) => ({ name: row.label.replace("\n", ", "), values: cells(row) })), ...(groups.length ? [total(groups)] : [])]);
    fill("table-map", texts.titles.map, [texts.municipality, ...money3],
      data.map.map((row) => ({ name: row.label, values: cells(row) })));
    fill("table-months", texts.titles.months, [texts.month, texts.running_projects, texts.starting, texts.ending],
      data.months.map((row) => ({ name: row.label, plain: true, values: [count(row.running), count(row.starting), count(row.ending)] })));
    const rest = list("rest")[0];
    const unnamed = list("not_stated")[0];
    fill("table-owners", texts.titles.owners, [texts.organisation, ...money3], [
      ...list("owner").map((row) => ({ name: figures.organisations[row.organisation], values: cells(row) })),
      ...(rest ? [{ name: texts.rest.replace("{n}", count(rest.organisations)), plain: true, values: cells(rest) }] : []),
      ...(unnamed ? [{ name: texts.not_stated, values: cells(unnamed) }] : []),
      ...(groups.length ? [total(groups)] : []),
    ]);
    fill("table-parts", texts.titles.parts, [texts.organisation, texts.projects],
      list("part").map((row) => ({ name: figures.organisations[row.organisation], values: [count(row.projects)] })));
    const nowhere = data.map.find((row) => row.code === null);
    say("note-map", nowhere ? texts.without_municipality.replace("{n}", nowhere.projects_text).replace("{money}", nowhere.grant_text) : "");
    const unplaced = counted(chosen(tables.months), "unplaced");
    say("note-months", unplaced ? texts.unplaced.replace("{n}", count(unplaced)) : "");
    const places = [...new Set(data.years.filter((row) => row.label).map((row) => row.place))].sort((a, b) => a - b);
    key("key-years", places.map((place) => [figures.colours[place], regionName(place), named]));
    for (const [name, rows] of Object.entries(data)) picture(name, rows);
    return data;
  }

  const changed = [];
  for (const [name, values] of [["period", figures.periods], ["region", figures.regions.map((region) => region.name)]]) {
    const select = document.getElementById(name);
    values.forEach((value, place) => select.append(named("option", stated(value), { value: place })));
    select.addEventListener("change", () => { choice[name] = Number(select.value); for (const call of changed) call(show()); });
  }
  document.getElementById("filters").addEventListener("reset", () => {
    Object.assign(choice, { period: -1, region: -1 });
    for (const call of changed) call(show());
  });
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("filters").reset();
  return { figures, changed, show, data: show(), charts: {} };
})();
