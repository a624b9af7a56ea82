"use strict";
(() => {
  const key = (cell) => {
    if (!cell.classList.contains("number")) return cell.textContent.trim().toLowerCase();
    return cell.dataset.value === "" || cell.dataset.value === "nan" ? null : Number(cell.dataset.value);
  };
  const compare = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b);
  for (const table of document.querySelectorAll("table")) {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, place) => heading.querySelector("button").addEventListener("click", () => {
      const first = heading.classList.contains("number") ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = heading.getAttribute("aria-sort") === first ? other : first;
      headings.forEach((one) => one.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const rows = [...table.tBodies[0].rows].map((row) => [key(row.cells[place]), row]);
      // what is unknown stands last either way
      rows.sort(([a], [b]) => a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b));
      table.tBodies[0].append(...rows.map(([, row]) => row));
    }));
  }
  for (const input of document.querySelectorAll("input[type=search]")) {
    const table = document.getElementById(input.dataset.for);
    const told = input.parentElement.querySelector("output");
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of table.tBodies[0].rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        shown += !row.hidden;
      }
      told.textContent = `${shown} of ${table.tBodies[0].rows.length} rows`;
    });
  }
  const options = { renderer: "svg", actions: false, tooltip: { disableDefaultStyle: true }, loader: { load: () => Promise.reject(new Error("nothing is fetched")) } };
  for (const data of document.querySelectorAll("script.spec")) {
    const place = document.getElementById(data.dataset.for);
    window.vegaEmbed(place, JSON.parse(data.textContent), options).catch((error) => {
      place.textContent = `this chart could not be drawn: ${error.message}`;
      console.error(error);
    });
  }
})();
