"use strict";
(() => {
  const form = document.querySelector("form.filter");
  const items = [...document.querySelectorAll(".item")];
  const words = new Map(items.map((item) => [item, item.textContent.toLowerCase()]));
  const text = form.elements.namedItem("text");
  const count = form.querySelector("output");
  const none = document.querySelector(".none");
  form.hidden = items.length === 0;

  const shows = (item) => {
    const standings = [...form.querySelectorAll("[name=standing]:checked")].map((box) => box.value);
    const level = form.elements.namedItem("level").value;
    const over = form.elements.namedItem("over");
    return standings.includes(item.dataset.standing) && (!level || level === item.dataset.level) &&
      (!over || !over.value || over.value === item.dataset.over) &&
      text.value.toLowerCase().split(/\s+/).every((word) => words.get(item).includes(word));
  };

  const filter = () => {
    let shown = 0;
    for (const item of items) {
      item.hidden = !shows(item);
      shown += item.hidden ? 0 : 1;
    }
    const narrowed = shown < items.length;
    for (const part of document.querySelectorAll(".quiet, .chapter")) {
      part.hidden = !part.querySelector(".item:not([hidden])");
      if (part.matches(".quiet")) part.open = narrowed && !part.hidden;
    }
    count.textContent = narrowed ? `${shown} of ${items.length}` : `${items.length} results`;
    none.hidden = shown > 0 || items.length === 0;
  };

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      text.focus();
    } else if (event.key === "Escape" && event.target === text) {
      text.value = "";
      filter();
    }
  });

  // A link to a result shows it, whatever hides it.
  const reveal = () => {
    const item = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!item || !item.matches(".item")) return;
    for (let part = item; part; part = part.parentElement) {
      part.hidden = false;
      if (part.matches("details")) part.open = true;
    }
    item.scrollIntoView();
    item.querySelector("summary").focus({preventScroll: true});
  };
  window.addEventListener("hashchange", reveal);

  // Paper can't be unfolded: what is quiet is printed as a list.
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll(".quiet:not([open]), .reasons:not([open])")];
    for (const part of folded) part.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const part of folded) part.open = false;
  });
  filter();
  reveal();
})();
